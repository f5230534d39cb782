import type { ChalkInstance } from 'chalk';
import { holdOf } from '../../domain/holds.js';
import { current, describeSwitches, wayToLift, type Hold, type Switches } from '../../domain/switches.js';
import type { WindowPolicy } from '../../domain/windows.js';
import { printable } from './printable.js';

/** What people have switched and is not over, a line each, with the command that lifts it. `now`: milliseconds since 1970. */
export function switchLines(
  environment: string,
  switches: Switches,
  now: number,
  colour: ChalkInstance,
): string[] {
  return describeSwitches(environment, current(switches, new Date(now).toISOString())).flatMap(
    ({ sentence, lift }) => [
      `${colour.yellow('no deployments')}: ${printable(sentence, 1000)}`,
      `  ${colour.dim('lift it')}: ${lift}`,
    ],
  );
}

/** Whether deployments are let in now, and if not, why and what to do about it. */
export function describeHold(environment: string, hold: Hold | null): string {
  if (hold === null) return `${environment} takes deployments.`;
  return [
    `${environment} takes no deployments: it is ${printable(hold.sentence, 2000)}`,
    `  To go on: ${wayToLift(environment, hold)}`,
  ].join('\n');
}

/** Whether deployments are let in now, by what people switched and by the calendar. */
export function holdNow(switches: Switches, windows: WindowPolicy): Hold | null {
  return holdOf(switches, windows, Date.now());
}

/** A word for each thing that people switched and that keeps deployments from changing an environment. */
export function switchMarks(switches: Switches, now: number): string[] {
  const { disabled, paused, freezes } = current(switches, new Date(now).toISOString());
  const isFrozen = freezes.some(({ from }) => Date.parse(from) <= now);
  return [...(disabled ? ['disabled'] : []), ...(paused ? ['paused'] : []), ...(isFrozen ? ['frozen'] : [])];
}
