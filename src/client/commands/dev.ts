import { resolve } from 'node:path';
import { oneLine } from '../one-line.js';
import { configuration, PATH_LIMIT } from '../options.js';
import { settingsFrom } from '../session.js';
import { metricsOf, type WorkerOptions } from './worker.js';

/** Options of `safeguard dev`. */
export interface DevOptions extends WorkerOptions {
  readonly state: string;
  readonly port: number;
  readonly uiPort: number;
  readonly worker: boolean;
}

/** `safeguard dev`: a server and a worker on this machine. */
export async function dev(options: DevOptions): Promise<number> {
  const { port, uiPort } = options;
  const stateDirectory = resolve(oneLine('--state', options.state, PATH_LIMIT));
  const config = options.worker ? { config: configuration(options) } : {};
  const { runDev } = await import('../../dev/dev.js');
  return runDev({
    settings: settingsFrom(options),
    ...config,
    ...metricsOf(options),
    stateDirectory,
    port,
    uiPort,
  });
}
