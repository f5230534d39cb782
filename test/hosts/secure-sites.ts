import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.js';
import { Authority, type Certified } from '../checks/certificates.js';

/** Ports of nginx, each with another certificate; what is on `plain` is sent on to `valid`. */
export const PORTS = {
  valid: 8443,
  expired: 8444,
  selfSigned: 8445,
  stranger: 8446,
  soon: 8447,
  plain: 8480,
} as const;
type Secure = Exclude<keyof typeof PORTS, 'plain'>;

const DIRECTORY = '/etc/nginx/secure-sites';
// Beside what safeguard manages, and named so that it is none of it.
const SITE = '/etc/nginx/conf.d/secure-sites.conf';

function server(name: Secure): string {
  return `server {
  listen ${PORTS[name]} ssl;
  ssl_certificate ${DIRECTORY}/${name}.pem;
  ssl_certificate_key ${DIRECTORY}/${name}.key;
  add_header access-control-allow-origin $allowed_origin always;
  location / { return 200 'secure'; }
}`;
}

/** Real sites by HTTPS on one host of the lab, beside its application. */
export class SecureSites {
  private constructor(
    private readonly lab: Lab,
    private readonly host: string,
    private readonly folder: string,
  ) {}

  static async open(lab: Lab, host: string): Promise<SecureSites> {
    const folder = await mkdtemp(join(tmpdir(), 'safeguard-secure-'));
    const { address } = lab.host(host);
    const authority = await Authority.found(folder);
    const certified: Record<Secure, Certified> = {
      valid: await authority.issue('valid', 90, `IP:${address}`),
      expired: await authority.issue('expired', -1, `IP:${address}`),
      selfSigned: await authority.selfSigned('selfSigned'),
      stranger: await authority.issue('stranger', 90, 'DNS:elsewhere.test'),
      soon: await authority.issue('soon', 5, `IP:${address}`),
    };
    const sites = new SecureSites(lab, host, folder);
    await lab.run(host, ['mkdir', '-p', DIRECTORY]);
    for (const [name, { cert, key }] of Object.entries(certified)) {
      await sites.write(`${DIRECTORY}/${name}.pem`, cert);
      await sites.write(`${DIRECTORY}/${name}.key`, key);
    }
    const names = Object.keys(certified) as Secure[];
    const enforcing = `server { listen ${PORTS.plain}; return 301 https://${address}:${PORTS.valid}$request_uri; }`;
    const allowing = 'map $http_origin $allowed_origin { https://campus.test $http_origin; }';
    await sites.write(SITE, [allowing, ...names.map(server), enforcing, ''].join('\n'));
    await sites.restart();
    return sites;
  }

  /** What is trusted: the authority's own certificate. */
  get ca(): string {
    return join(this.folder, 'ca.pem');
  }

  async close(): Promise<void> {
    await this.lab.run(this.host, ['rm', '-rf', SITE, DIRECTORY]);
    await this.restart();
    await rm(this.folder, { recursive: true });
  }

  private async restart(): Promise<void> {
    const { exitCode, stderr } = await this.lab.run(this.host, ['systemctl', 'restart', 'nginx.service']);
    if (exitCode !== 0) throw new Error(`nginx does not start: ${stderr}`);
  }

  private async write(path: string, text: string): Promise<void> {
    await this.lab.run(this.host, ['tee', path], { input: text });
  }
}
