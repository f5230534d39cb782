import { judgeBackend, judgeFolders, judgeOthers, type Judged, type Served } from './backend.js';
import { judgeSite } from './site.js';
import type { AcceptedRun, Violation } from './types.js';
import { violation } from './violation.js';

/** What one web host serves, with backend and site taken together. */
export function judgeWebHost(judged: Judged): Served {
  const backend = judgeBackend(judged);
  const site = judgeSite(judged);
  const violations = [
    ...backend.violations,
    ...site.violations,
    ...judgeFolders(judged),
    ...judgeOthers(judged),
  ];
  const version = backend.version ?? site.version;
  if (backend.version === site.version) return { version, violations };
  // What has said why nobody knows a version needs not say that the two differ as well.
  if (violations.length > 0 && (backend.version === null || site.version === null))
    return { version, violations };
  const what = `The backend serves ${backend.version ?? 'nothing'} and the site ${site.version ?? 'nothing'}`;
  const evidence = { listeners: judged.facts.listeners, site: judged.facts.site['/version.txt'] };
  return { version, violations: [...violations, violation('I1', judged.host, what, evidence)] };
}

/**
 * Versions that may serve after these runs; `null` stands for nothing. A run that completed serves its version; one that was ended
 * from outside may have been finished by its environment; one that failed was taken back, unless it was a repair: that goes through
 * and says that checks fail.
 */
export function versionsAfter(runs: readonly AcceptedRun[]): Set<string | null> {
  return runs.reduce(
    (possible, { status, version, workflowId }) => {
      if (status === 'COMPLETED') return new Set([version]);
      const isDeployment = workflowId.startsWith('deployment/');
      const isSettled = (status === 'FAILED' || status === 'CANCELLED') && isDeployment;
      return isSettled ? possible : new Set([...possible, version]);
    },
    new Set<string | null>([null]),
  );
}

/** One and the same release on all hosts, and the one that it must be. */
export function judgeTogether(
  served: ReadonlyMap<string, string | null>,
  runs: readonly AcceptedRun[],
): Violation[] {
  const versions = new Set(served.values());
  const evidence = Object.fromEntries(served);
  if (versions.size > 1) return [violation('I1', null, 'Hosts serve different releases', evidence)];
  const possible = versionsAfter(runs);
  const [version = null] = versions;
  if (served.size === 0 || possible.has(version)) return [];
  const wanted = [...possible].map((one) => one ?? 'nothing').join(' or ');
  const what = `Every host serves ${version ?? 'nothing'}, and by how the runs ended it should be ${wanted}`;
  return [violation('I1', null, what, { ...evidence, runs })];
}
