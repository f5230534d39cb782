import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensurePackages } from '../../../setup/apt.js';
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

/** A Prometheus of Debian on loopback; `scraped`: `host:port` of what it asks for metrics, again and again. */
export async function startPrometheus(scraped: readonly string[] = []): Promise<PrometheusServer> {
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
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  for await (const line of createInterface(server.stderr)) if (line.includes('ready to receive')) break;
  server.stderr.resume();
  return {
    url: `http://${address}`,
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
