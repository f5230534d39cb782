import { configuration, type GlobalOptions } from '../options.js';
import { settingsFrom } from '../session.js';
import type { Terminal } from '../terminal.js';

/** Options of commands that run a worker. */
export interface WorkerOptions extends GlobalOptions {
  readonly metricsPort?: number;
  readonly metricsAddress?: string;
}

/** Where metrics are wanted, if anywhere. */
export function metricsOf({ metricsPort, metricsAddress = '127.0.0.1' }: WorkerOptions): {
  metrics?: { readonly address: string; readonly port: number };
} {
  return metricsPort === undefined ? {} : { metrics: { address: metricsAddress, port: metricsPort } };
}

/** `safeguard worker`: carries out deployments until told to stop; told twice, at once. */
export async function worker(terminal: Terminal, options: WorkerOptions): Promise<number> {
  const config = configuration(options);
  const settings = settingsFrom(options);
  // Loaded here, because it brings Temporal's native core and everything that talks to hosts.
  const { startWorker } = await import('../../worker.js');
  const { done, stop, metrics } = await startWorker({ config, settings, ...metricsOf(options) });
  terminal.out(
    `Worker for ${config.application} polls at ${settings.address}, namespace ${settings.namespace}.`,
  );
  if (metrics) terminal.out(`Metrics: http://${metrics.address}:${metrics.port}/metrics`);
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    terminal.err('Stopping: what runs comes to a safe point first. The same signal again ends at once.');
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    await done;
    return 0;
  } finally {
    process.removeListener('SIGTERM', onSignal);
    process.removeListener('SIGINT', onSignal);
  }
}
