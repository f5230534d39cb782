import { configuration, type GlobalOptions } from '../options.js';
import { settingsFrom } from '../session.js';
import type { Terminal } from '../terminal.js';

/** `safeguard worker`: carries out deployments until told to stop; told twice, at once. */
export async function worker(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const config = configuration(options);
  const settings = settingsFrom(options);
  // Loaded here, because it brings Temporal's native core and everything that talks to hosts.
  const { startWorker } = await import('../../worker.js');
  const { done, stop } = await startWorker({ config, settings });
  terminal.out(
    `Worker for ${config.application} polls at ${settings.address}, namespace ${settings.namespace}.`,
  );
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
