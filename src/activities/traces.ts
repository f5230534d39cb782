import type { HostRef } from '../domain/plan.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { inspectWhatAnswers } from './hosts-of.js';
import { withPulse } from './pulse.js';

/**
 * Names of the hosts on which a run has begun to change what serves, by their own journals: it is open, or the host has gone back from
 * it by itself. A host that does not answer may be one of them.
 */
export async function tracesOf(
  dependencies: Dependencies,
  call: Where & { readonly deploymentId: string; readonly hosts: readonly HostRef[] },
): Promise<string[]> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, call);
    const { deploymentId, hosts } = call;
    const { inspected, silent } = await inspectWhatAnswers(dependencies, environment, hosts, pulse);
    const begun = inspected.filter(
      ([, { intent, lapsed }]) => intent?.run === deploymentId || lapsed?.run === deploymentId,
    );
    return [...begun.map(([host]) => host), ...silent.keys()];
  });
}
