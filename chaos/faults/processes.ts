import { setTimeout as delay } from 'node:timers/promises';
import type { SupervisedWorker } from '../supervised-worker.js';
import { Missed, type Strike } from './fault.js';

/** One worker, or all of them where the draw says a number that there is none for. */
function victims(workers: readonly SupervisedWorker[], victim: number): readonly SupervisedWorker[] {
  const one = workers[victim];
  return one ? [one] : workers;
}

/** SIGKILL to workers; what supervises them starts others. */
export const killWorkers: Strike = async ({ workers }, { victim, lastsMs }) => {
  for (const worker of victims(workers, victim)) worker.kill(lastsMs);
  await delay(lastsMs);
};

/** SIGSTOP to workers, and SIGCONT: they go on with what they believed before. */
export const stopWorkers: Strike = async ({ workers }, { victim, lastsMs }) => {
  const stopped = victims(workers, victim);
  for (const worker of stopped) worker.freeze();
  await delay(lastsMs);
  for (const worker of stopped) worker.thaw();
};

/** SIGKILL to the Temporal server, and another one on the same database. */
export const killServer: Strike = async ({ server }, { lastsMs }) => {
  await server.kill();
  await delay(lastsMs);
  await server.restart();
};

/** SIGKILL to whoever started runs and watches them. */
export const killClients: Strike = ({ clients }) => {
  const running = clients.filter((client) => client.isRunning);
  for (const client of running) client.kill();
  return running.length > 0 ? Promise.resolve() : Promise.reject(new Missed('no client was running'));
};
