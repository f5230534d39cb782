import type { Change } from './facts.js';
import type { Violation } from './types.js';
import { tokenOf } from './unit.js';
import { violation } from './violation.js';

/** A change on a host; `run` is the deployment that it was for. */
interface Placed extends Change {
  readonly host: string;
  readonly run: string;
}

/**
 * The deployment by the name of a change's unit; `null` when it is none. What takes a lost run back belongs to that run; `ids`: of
 * all runs that were accepted, since the id of one may end in the same word.
 */
export function runOf(name: string, unit: string, ids: ReadonlySet<string>): string | null {
  const token = tokenOf(name, unit);
  if (token === null) return null;
  return ids.has(token.run) ? token.run : token.run.replace(/-rollback$/, '');
}

function end({ to }: Change): number {
  return to ?? Infinity;
}

/**
 * Changes that were going on at the same time and must not have been: two of one host, or two of different runs wherever. Hosts share
 * one kernel and so one clock.
 */
export function judgeOverlaps(
  name: string,
  ids: ReadonlySet<string>,
  hosts: ReadonlyMap<string, readonly Change[]>,
): Violation[] {
  const all = [...hosts].flatMap(([host, changes]) =>
    changes.flatMap((change): Placed[] => {
      const run = runOf(name, change.unit, ids);
      return run === null ? [] : [{ ...change, host, run }];
    }),
  );
  const found = new Map<string, Violation>();
  const begun = all.sort((a, b) => a.from - b.from);
  begun.forEach((one, index) => {
    for (const next of begun.slice(index + 1)) {
      if (next.from >= end(one)) break;
      const isTwo = next.run !== one.run;
      if (!isTwo && next.host !== one.host) continue;
      const [host, what] = isTwo
        ? [null, `Changes of ${one.run} and ${next.run} went on at the same time`]
        : [one.host, `Two changes of ${one.run} went on at the same time`];
      // One for each pair of runs: what follows has the same cause.
      const key = `${host ?? ''} ${[one.run, next.run].sort().join(' ')}`;
      if (!found.has(key)) found.set(key, violation('I3', host, what, [one, next]));
    }
  });
  return [...found.values()];
}
