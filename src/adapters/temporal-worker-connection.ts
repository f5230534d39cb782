// Apart from the connection of clients: the worker's SDK takes a command line longer to load than all the rest of it.
import { NativeConnection } from '@temporalio/worker';
import { CONNECT_MS, unreachable, type TemporalSettings } from './temporal-connection.js';

/**
 * A worker's connection to the server. The caller closes it, after its workers have stopped.
 * Throws TEMPORAL_UNREACHABLE within five seconds when nothing answers.
 */
export async function connectWorker({ address, credentials }: TemporalSettings): Promise<NativeConnection> {
  const connecting = NativeConnection.connect({ ...credentials, address });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('timed out'));
      // The attempt itself can't be cancelled; if it succeeds after all, nobody is there to use it.
      connecting.then(
        (connection) => connection.close(),
        () => undefined,
      );
    }, CONNECT_MS);
  });
  return Promise.race([connecting, late])
    .catch((cause: unknown) => Promise.reject(unreachable(address, cause)))
    .finally(() => clearTimeout(timer));
}
