import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from '../../setup/apt.js';

/** A certificate with its key, both PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own, and what it issues: real certificates, by OpenSSL. */
export class Authority {
  private constructor(
    private readonly folder: string,
    /** Its own certificate, to be trusted. */
    readonly ca: string,
  ) {}

  static async found(folder: string): Promise<Authority> {
    await ensurePackages(['openssl']);
    const own = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority of the test', '-days', '30'];
    await openssl(folder, ['req', '-x509', ...NEW_KEY, ...own]);
    return new Authority(folder, await readFile(join(folder, 'ca.pem'), 'utf8'));
  }

  /** Valid from now on for so many days; below zero: it has expired. */
  async issue(name: string, days: number, subject = 'DNS:localhost,IP:127.0.0.1'): Promise<Certified> {
    const [key, request, cert] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
    await writeFile(join(this.folder, `${name}.ext`), `subjectAltName=${subject}`);
    await openssl(this.folder, [
      'req',
      ...NEW_KEY,
      '-keyout',
      key,
      '-out',
      request,
      '-subj',
      `/CN=${name}.test`,
    ]);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    await openssl(this.folder, ['x509', '-req', '-in', request, ...by, '-days', String(days), '-out', cert]);
    return { cert: await this.read(cert), key: await this.read(key) };
  }

  /** One that nobody but itself vouches for. */
  async selfSigned(name: string): Promise<Certified> {
    const own = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}.test`, '-days', '30'];
    await openssl(this.folder, [
      'req',
      '-x509',
      ...NEW_KEY,
      ...own,
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ]);
    return { cert: await this.read(`${name}.pem`), key: await this.read(`${name}.key`) };
  }

  private read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

async function openssl(folder: string, argv: readonly string[]): Promise<void> {
  await execa('openssl', argv, { cwd: folder });
}
