import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensurePackages } from '../../../setup/apt.js';
import type { Certified } from '../../checks/certificates.js';
import { freePort } from '../ssh/sshd.js';

export interface PrometheusServer {
  /** Its address, without a slash at the end. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

function configOf(scraped: readonly string[]): string {
  const job = { job_name: 'scraped', scrape_interval: '200ms', scrape_timeout: '200ms' };
  // JSON is YAML, too.
  return JSON.stringify({ scrape_configs: [{ ...job, static_configs: [{ targets: scraped }] }] });
}

/** The only login that a guarded one takes, as a header has it. */
export const LOGIN = `Basic ${Buffer.from('safeguard:open-sesame').toString('base64')}`;
/** Of its password, as cheap as bcrypt can be. */
const HASH = '$2b$04$abcdefghijklmnopqrstuuXcjcm5avyCiJoD2uS24xa2lb6fjMB3G';

/** Serves by TLS, and asks for a login. */
async function guard(directory: string, { cert, key }: Certified): Promise<string> {
  const at = (name: string): string => join(directory, name);
  const tls = { cert_file: at('web.crt'), key_file: at('web.key') };
  const web = { tls_server_config: tls, basic_auth_users: { safeguard: HASH } };
  await Promise.all([
    writeFile(tls.cert_file, cert),
    writeFile(tls.key_file, key),
    writeFile(at('web.yml'), JSON.stringify(web)),
  ]);
  return at('web.yml');
}

/**
 * A Prometheus of Debian on loopback; `scraped`: `host:port` of what it asks for metrics, again and again. With a certificate it is a
 * guarded one, by TLS and for {@link LOGIN} only.
 */
export async function startPrometheus(
  scraped: readonly string[] = [],
  certified?: Certified,
): Promise<PrometheusServer> {
  await ensurePackages(['prometheus']);
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-prometheus-'));
  await writeFile(join(directory, 'prometheus.yml'), configOf(scraped));
  const address = `127.0.0.1:${String(await freePort())}`;
  const server = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
      ...(certified === undefined ? [] : [`--web.config.file=${await guard(directory, certified)}`]),
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  for await (const line of createInterface(server.stderr)) if (line.includes('ready to receive')) break;
  server.stderr.resume();
  return {
    url: `${certified === undefined ? 'http' : 'https'}://${address}`,
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
