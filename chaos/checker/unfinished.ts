import type { Change } from './facts.js';
import { runOf } from './overlaps.js';
import type { AcceptedRun, Violation } from './types.js';
import { violation } from './violation.js';

/** What decides which release a host is on, wherever that is: each of them but `activate` is an end of it. */
const DECIDING = ['activate', 'restore', 'withdraw', 'commit'];
const GAVE_UP = ['FAILED', 'CANCELLED', 'TERMINATED'];

/** What is wrong with a run that has left a host in the middle; `null`: it still goes on. */
function objection({ deploymentId, version, status }: AcceptedRun): string | null {
  if (GAVE_UP.includes(status))
    return `${deploymentId} has ended as ${status}, and nobody has brought back what it had changed`;
  if (status !== 'COMPLETED') return null;
  return `${deploymentId} has ended as ${status}, and nobody has told the host that ${version} is for good`;
}

/**
 * Hosts that a run began to change before it ended, and that nobody has brought to an end after that: if they serve the right release,
 * it is by luck, or because they have waited long enough in vain.
 */
export function judgeUnfinished(
  name: string,
  runs: readonly AcceptedRun[],
  hosts: ReadonlyMap<string, readonly Change[]>,
): Violation[] {
  const byId = new Map(runs.map((run) => [run.deploymentId, run]));
  const ids = new Set(byId.keys());
  return [...hosts].flatMap(([host, changes]) => {
    const last = changes
      .filter(({ operation }) => DECIDING.includes(operation))
      .sort((a, b) => a.from - b.from)
      .at(-1);
    if (last?.operation !== 'activate') return [];
    const run = byId.get(runOf(name, last.unit, ids) ?? '');
    const what = run ? objection(run) : null;
    return what === null ? [] : [violation('I1', host, what, { run, last })];
  });
}
