import type { ChalkInstance } from 'chalk';
import type { Freeze, Switch, Switches } from '../../domain/switches.js';
import { printable } from './printable.js';
import { moment } from './times.js';

function isOver(until: string | null, now: number): boolean {
  return until !== null && Date.parse(until) <= now;
}

function set(one: Switch | null, now: number): Switch | null {
  return one && !isOver(one.until, now) ? one : null;
}

/** Freezes that are not over, those that are on first. */
function freezes({ freezes: all }: Switches, now: number): { on: Freeze[]; ahead: Freeze[] } {
  const open = all.filter(({ until }) => !isOver(until, now));
  return {
    on: open.filter(({ from }) => Date.parse(from) <= now),
    ahead: open.filter(({ from }) => Date.parse(from) > now),
  };
}

/** A word for each thing that keeps deployments from changing an environment at present. */
export function switchMarks(switches: Switches, now: number): string[] {
  return [
    ...(set(switches.disabled, now) ? ['disabled'] : []),
    ...(set(switches.paused, now) ? ['paused'] : []),
    ...(freezes(switches, now).on.length > 0 ? ['frozen'] : []),
  ];
}

/** Who switched what, why, and until when. */
export function switchLines(switches: Switches, now: number, colour: ChalkInstance): string[] {
  const lineOf = (word: string, one: Switch | null): string[] => {
    const there = set(one, now);
    return there
      ? [
          `${colour.yellow(word)} ${until(there.until)}— by ${printable(there.by)} at ${moment(there.at)}: ${printable(there.reason)}`,
        ]
      : [];
  };
  const { on, ahead } = freezes(switches, now);
  return [
    ...lineOf('disabled', switches.disabled),
    ...lineOf('paused', switches.paused),
    ...on.map((one) => `${colour.yellow('frozen')} ${until(one.until)}— ${by(one)}`),
    ...ahead.map((one) => `freeze ahead: ${moment(one.from)} to ${moment(one.until)} — ${by(one)}`),
  ];
}

function until(iso: string | null): string {
  return iso === null ? '' : `until ${moment(iso)} `;
}

function by({ id, by: who, reason }: Freeze): string {
  return `${id}, by ${printable(who)}: ${printable(reason)}`;
}
