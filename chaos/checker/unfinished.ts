import type { Change } from './facts.js';
import { runOf } from './overlaps.js';
import type { AcceptedRun, Violation } from './types.js';
import { violation } from './violation.js';

/** What decides which release a host is on, whichever that is. */
const DECIDING = ['activate', 'restore', 'withdraw', 'commit'];
const GAVE_UP = ['FAILED', 'CANCELLED', 'TERMINATED'];

/** A change of a host, and the run that it was for; that of nobody is left out. */
interface Own extends Change {
  readonly run: AcceptedRun;
}

function ownChanges(name: string, runs: readonly AcceptedRun[], changes: readonly Change[]): Own[] {
  const byId = new Map(runs.map((run) => [run.deploymentId, run]));
  const ids = new Set(byId.keys());
  return changes.flatMap((change) => {
    const run = byId.get(runOf(name, change.unit, ids) ?? '');
    return run ? [{ ...change, run }] : [];
  });
}

function latest<One extends Change>(
  changes: readonly One[],
  ...operations: readonly string[]
): One | undefined {
  return changes
    .filter(({ operation }) => operations.includes(operation))
    .sort((a, b) => a.from - b.from)
    .at(-1);
}

/** If it serves the right release again, it is by luck, or because it has waited long enough in vain. */
function notBroughtBack(host: string, changes: readonly Own[], all: readonly Change[]): Violation[] {
  const last = latest(all, ...DECIDING);
  const own = changes.find((change) => change.unit === last?.unit && change.from === last.from);
  if (own?.operation !== 'activate' || !GAVE_UP.includes(own.run.status)) return [];
  const { deploymentId, status } = own.run;
  const what = `${deploymentId} has ended as ${status}, and nobody has brought back what it had changed`;
  return [violation('I1', host, what, own)];
}

/** If it serves that release, it is in doubt whether it should as soon as it boots; whether the next run has mended that or not. */
function notTold(host: string, changes: readonly Own[], run: AcceptedRun): Violation[] {
  const own = changes.filter((change) => change.run === run);
  const activated = latest(own, 'activate');
  if (run.status !== 'COMPLETED' || !activated) return [];
  if ((latest(own, 'commit')?.from ?? 0) > activated.from) return [];
  const what = `${run.deploymentId} has ended as COMPLETED, and it has not told the host that ${run.version} is for good`;
  return [violation('I1', host, what, activated)];
}

/** Hosts that a run began to change, and that were not brought to an end: neither back, nor by being told that it is for good. */
export function judgeUnfinished(
  name: string,
  runs: readonly AcceptedRun[],
  hosts: ReadonlyMap<string, readonly Change[]>,
): Violation[] {
  return [...hosts].flatMap(([host, changes]) => {
    const own = ownChanges(name, runs, changes);
    return [...notBroughtBack(host, own, changes), ...runs.flatMap((run) => notTold(host, own, run))];
  });
}
