import type { Change, Start } from './facts.js';
import { runOf } from './overlaps.js';
import type { AcceptedRun, Violation } from './types.js';
import { violation } from './violation.js';

/** What hosts' journals say. */
export interface Journal {
  readonly changes: readonly Change[];
  readonly starts: readonly Start[];
}

/** When the first host was told that a version is for good, by version; a run that brings hosts back says so of another version. */
function committed(name: string, runs: readonly AcceptedRun[], all: readonly Change[]): Map<string, number> {
  const ids = new Set(runs.map(({ deploymentId }) => deploymentId));
  const found = new Map<string, number>();
  for (const { deploymentId, version } of runs) {
    const own = all.filter(({ unit }) => runOf(name, unit, ids) === deploymentId);
    const back = Math.min(...own.filter(({ operation }) => operation === 'restore').map(({ from }) => from));
    const commits = own.filter(({ operation, from }) => operation === 'commit' && from < back);
    const first = Math.min(found.get(version) ?? Infinity, ...commits.map(({ from }) => from));
    if (first < Infinity) found.set(version, first);
  }
  return found;
}

/** Hosts that started by themselves, at their boot, what was not for good yet. */
export function judgeBoots(
  name: string,
  runs: readonly AcceptedRun[],
  hosts: ReadonlyMap<string, Journal>,
): Violation[] {
  const since = committed(
    name,
    runs,
    [...hosts.values()].flatMap(({ changes }) => changes),
  );
  const deployed = new Set(
    runs.filter(({ workflowId }) => workflowId.startsWith('deployment/')).map(({ version }) => version),
  );
  return [...hosts].flatMap(([host, { changes, starts }]) => {
    const byItself = starts.filter(
      ({ boot, at }) => !changes.some((change) => change.boot === boot && change.from < at),
    );
    const early = byItself.find(
      ({ version, at }) => deployed.has(version) && at < (since.get(version) ?? Infinity),
    );
    if (!early) return [];
    const what = `It started ${early.version} by itself when it booted, which was not for good then`;
    return [violation('I1', host, what, { early, starts, changes })];
  });
}
