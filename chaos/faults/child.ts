import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../lab/processes.js';
import { children } from '../processes.js';
import { Missed, type Strike } from './fault.js';

const LOOK_MS = 1_500;
const EVERY_MS = 10;

/** SIGKILL to what works for a step beside the worker: the program on a host, or Flyway on the runner. Whichever runs. */
export const killChild: Strike = async ({ lab, workers, timeline }, { victim }) => {
  const deadline = Date.now() + LOOK_MS;
  while (Date.now() < deadline) {
    const own = workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    const found = children(lab.name, own);
    const child = found[victim % found.length];
    if (child !== undefined && signalProcess(child.pid, 'SIGKILL')) {
      timeline.note(`killed ${child.words.join(' ').slice(0, 120)}`);
      return;
    }
    await delay(EVERY_MS);
  }
  throw new Missed('no child was running');
};
