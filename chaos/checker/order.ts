import type { Change } from './facts.js';
import type { Violation } from './types.js';
import { tokenOf, type Token } from './unit.js';
import { violation } from './violation.js';

/** A rollback that takes a lost run back is another than that run here: it overtakes it. */
type Numbered = Change & Token;

function numbered(name: string, change: Change): Numbered | null {
  const token = tokenOf(name, change.unit);
  return token && { ...change, ...token };
}

function isBefore(one: Numbered, other: Numbered): boolean {
  return one.step === other.step ? one.try < other.try : one.step < other.step;
}

/** What must not have begun after everything in `before`, which is of the same host; `null`: nothing is wrong with it. */
function objection(change: Numbered, before: readonly Numbered[]): string | null {
  const { run, unit } = change;
  const again = before.find((one) => one.unit === unit && one.boot === change.boot && !one.failed);
  if (again) return `${unit} began twice in one boot, though nothing had cut it off`;
  const newer = before.find((one) => one.run === run && isBefore(change, one));
  if (newer) return `${unit} began after ${newer.unit}, which had overtaken it`;
  const last = before.at(-1);
  if (last && last.run !== run && before.some((one) => one.run === run))
    return `${unit} began after ${last.unit}, though the one run had ended for the other`;
  return null;
}

/** Changes that began on a host when it was no longer their turn. Each host is judged by itself; what else it has of a run follows. */
export function judgeOrder(name: string, hosts: ReadonlyMap<string, readonly Change[]>): Violation[] {
  return [...hosts].flatMap(([host, changes]) => {
    const all = changes.flatMap((change) => numbered(name, change) ?? []).sort((a, b) => a.from - b.from);
    for (const [index, change] of all.entries()) {
      const what = objection(change, all.slice(0, index));
      if (what !== null) return [violation('I3', host, what, all.slice(0, index + 1))];
    }
    return [];
  });
}
