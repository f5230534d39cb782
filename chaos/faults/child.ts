import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../lab/processes.js';
import { children, plays, type RunningProcess } from '../processes.js';
import type { Place } from '../place.js';
import { Missed, type Strike } from './fault.js';

const LOOK_MS = 1_500;
const EVERY_MS = 10;

/** SIGKILL to one of what is found, as soon as anything is. */
async function killOne(
  { timeline }: Place,
  victim: number,
  what: string,
  look: () => readonly RunningProcess[],
): Promise<void> {
  const deadline = Date.now() + LOOK_MS;
  while (Date.now() < deadline) {
    const found = look();
    const child = found[victim % found.length];
    if (child !== undefined && signalProcess(child.pid, 'SIGKILL')) {
      timeline.note(`killed ${child.words.join(' ').slice(0, 120)}`);
      return;
    }
    await delay(EVERY_MS);
  }
  throw new Missed(`no ${what} was running`);
}

function pidsOf({ workers }: Place): number[] {
  return workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}

/** SIGKILL to what works for a step beside the worker: the program on a host, or Flyway on the runner. Whichever runs. */
export const killChild: Strike = (place, { victim }) =>
  killOne(place, victim, 'child', () => children(place.lab.name, pidsOf(place)));

/** SIGKILL to Ansible on the runner: to the play, what it has forked, or its ssh. */
export const killPlay: Strike = (place, { victim }) =>
  killOne(place, victim, 'play', () => plays(pidsOf(place)));
