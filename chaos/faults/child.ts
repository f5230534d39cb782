import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../lab/processes.js';
import { flyways, hostPrograms } from '../processes.js';
import type { Place } from '../place.js';
import { Missed, type Strike } from './fault.js';

const LOOK_MS = 2_000;
const EVERY_MS = 20;

async function children({ lab, workers }: Place): Promise<number[]> {
  const pids = workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  const hosts = lab.hosts.filter(({ role }) => role === 'web');
  const found = await Promise.all([flyways(pids), ...hosts.map(({ name }) => hostPrograms(lab.name, name))]);
  // Who watches a lease goes on from one step to the next, and is nobody's child.
  return found.flat().flatMap(({ pid, words }) => (words.includes('lease') ? [] : [pid]));
}

/** SIGKILL to what works for a step beside the worker: the program on a host, or Flyway on the runner. Whichever runs. */
export const killChild: Strike = async (place, { victim }) => {
  const deadline = Date.now() + LOOK_MS;
  while (Date.now() < deadline) {
    const pids = await children(place);
    const pid = pids[victim % pids.length];
    if (pid !== undefined && signalProcess(pid, 'SIGKILL')) {
      place.timeline.note(`killed process ${pid}`);
      return;
    }
    await delay(EVERY_MS);
  }
  throw new Missed('no child was running');
};
