import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import type { MetricsAddress } from '../adapters/metrics.js';
import type { TemporalSettings } from '../adapters/temporal-connection.js';
import type { Config } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
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

/** @throws SafeguardError REQUEST_INVALID */
async function makeState(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new SafeguardError(
      'REQUEST_INVALID',
      `The state can't be kept in ${JSON.stringify(directory)}, which is to be a directory: ${(cause as Error).message}. Name another with --state.`,
      { cause },
    );
  }
}

/**
 * A server and a worker for one person's machine: uses the configured server or starts the embedded one, runs a worker beside
 * it, until told to stop. Answers the exit status.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED, TEMPORAL_NOT_FOUND; REQUEST_INVALID when the state directory can't be
 *   used, or somebody runs it already
 */
export async function runDev({
  settings,
  config,
  metrics,
  stateDirectory,
  port,
  uiPort,
}: DevOptions): Promise<number> {
  await makeState(stateDirectory);
  const server = await useOrStartServer({
    settings,
    stateDirectory,
    port,
    uiPort,
    onChange: (change) => say(`Temporal server: ${JSON.stringify(change)}`),
  });
  if (server.kind === 'running')
    throw new SafeguardError(
      'REQUEST_INVALID',
      `Process ${server.pid} already runs safeguard dev on ${stateDirectory}, with Temporal at ${server.settings.address} and its Web UI at ${server.uiUrl}.`,
    );
  introduce(server);
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
