import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { SIGNATURE_NAMESPACE } from '../../src/domain/approval.js';

/** People with real keys of their own, and the file that says who may sign with which. */
export class Signers {
  private constructor(readonly directory: string) {}

  /** Makes a key for each name; all but `others` are listed, each by their own name. */
  static async make(listed: readonly string[], others: readonly string[] = []): Promise<Signers> {
    const signers = new Signers(await mkdtemp(join(tmpdir(), 'safeguard-signers-')));
    for (const name of [...listed, ...others])
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', signers.keyFile(name)]);
    const lines = await Promise.all(listed.map((name) => signers.line(name, name)));
    await signers.allow(lines);
    return signers;
  }

  get allowedSigners(): string {
    return join(this.directory, 'allowed_signers');
  }

  keyFile(name: string): string {
    return join(this.directory, name);
  }

  /** A line that lets `principals` sign with the key of `name`. */
  async line(principals: string, name: string, options = ''): Promise<string> {
    const [type = '', key = ''] = (await readFile(`${this.keyFile(name)}.pub`, 'utf8')).split(' ');
    return [principals, options, type, key].filter((part) => part !== '').join(' ');
  }

  /** Writes the file of those who may sign. */
  async allow(lines: readonly string[]): Promise<void> {
    await writeFile(this.allowedSigners, lines.map((line) => `${line}\n`).join(''));
  }

  /** The signature of `name` over a text. */
  async sign(name: string, text: string, namespace = SIGNATURE_NAMESPACE): Promise<string> {
    const argv = ['-q', '-Y', 'sign', '-f', this.keyFile(name), '-n', namespace];
    return (await execa('ssh-keygen', argv, { input: text })).stdout;
  }

  /** SHA-256 fingerprint of the key of `name`. */
  async fingerprint(name: string): Promise<string> {
    const { stdout } = await execa('ssh-keygen', ['-l', '-f', `${this.keyFile(name)}.pub`]);
    return stdout.split(' ')[1] ?? '';
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
