import { mkdir } from 'node:fs/promises';
import type { MetricsAddress } from '../adapters/metrics.js';
import type { TemporalSettings } from '../adapters/temporal-connection.js';
import type { Config } from '../config/load.js';
import { startWorker } from '../worker.js';
import { useOrStartServer, type FoundServer } from './find-server.js';

/** What `safeguard dev` was asked for. */
export interface DevOptions {
  /** A configured server is used as it is; otherwise one is started. */
  readonly settings: TemporalSettings;
  /** Left out when only the server is wanted. */
  readonly config?: Config;
  /** Where the worker's metrics are served; left out: nowhere. */
  readonly metrics?: MetricsAddress;
  /** Where the server keeps its database, so that runs outlive it. */
  readonly stateDirectory: string;
  readonly port: number;
  readonly uiPort: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

function introduce(server: FoundServer): void {
  const { settings } = server;
  say(`Temporal: ${settings.address}, namespace ${settings.namespace} (${server.kind})`);
  if (server.kind !== 'configured') say(`Web UI: ${server.uiUrl}`);
}

/**
 * A server and a worker for one person's machine: uses the configured server or starts the embedded one, runs a worker beside
 * it, until told to stop. Answers the exit status.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED, TEMPORAL_NOT_FOUND
 */
export async function runDev({
  settings,
  config,
  metrics,
  stateDirectory,
  port,
  uiPort,
}: DevOptions): Promise<number> {
  await mkdir(stateDirectory, { recursive: true });
  const server = await useOrStartServer({
    settings,
    stateDirectory,
    port,
    uiPort,
    onChange: (change) => say(`Temporal server: ${JSON.stringify(change)}`),
  });
  introduce(server);
  if (server.kind === 'running') {
    say(`Process ${server.pid} already runs safeguard dev on ${stateDirectory}.`);
    return 1;
  }
  try {
    await work(config, server, metrics);
    return 0;
  } finally {
    await server.stop();
  }
}

async function work(
  config: Config | undefined,
  { settings }: FoundServer,
  metrics: MetricsAddress | undefined,
): Promise<void> {
  const told = untilTold();
  if (!config) {
    say('Ready.');
    return told;
  }
  const worker = await startWorker({ config, settings, ...(metrics ? { metrics } : {}) });
  say(`Worker: deploys ${config.application}`);
  if (worker.metrics) say(`Metrics: http://${worker.metrics.address}:${worker.metrics.port}/metrics`);
  say('Ready.');
  await Promise.race([told, worker.done]);
  worker.stop();
  await worker.done;
}
