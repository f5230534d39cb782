import type { Change } from './facts.js';
import { runOf } from './overlaps.js';
import type { AcceptedRun, Violation } from './types.js';
import { violation } from './violation.js';

/** What puts a host onto a release, wherever that is. */
const SERVING = ['activate', 'restore', 'withdraw'];
const GAVE_UP = ['FAILED', 'CANCELLED', 'TERMINATED'];

/**
 * Hosts that a run began to change before it gave up, and that nobody has brought back after that: if they serve the right release
 * again, it is by luck, or because they have waited long enough in vain.
 */
export function judgeUnfinished(
  name: string,
  runs: readonly AcceptedRun[],
  hosts: ReadonlyMap<string, readonly Change[]>,
): Violation[] {
  const ids = new Set(runs.map(({ deploymentId }) => deploymentId));
  const gaveUp = new Map(
    runs.filter(({ status }) => GAVE_UP.includes(status)).map((run) => [run.deploymentId, run]),
  );
  return [...hosts].flatMap(([host, changes]) => {
    const last = changes
      .filter(({ operation }) => SERVING.includes(operation))
      .sort((a, b) => a.from - b.from)
      .at(-1);
    const run = last?.operation === 'activate' && gaveUp.get(runOf(name, last.unit, ids) ?? '');
    if (!run) return [];
    const what = `${run.deploymentId} has ended as ${run.status}, and nobody has brought back what it had changed`;
    return [violation('I1', host, what, { run, last })];
  });
}
