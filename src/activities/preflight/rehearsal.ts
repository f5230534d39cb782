import type { ResolvedRelease } from '../../adapters/release-directory.js';
import type { EnvironmentConfig } from '../../config/load.js';
import type { HostRef } from '../../domain/plan.js';
import type { Dependencies } from '../dependencies.js';
import { rehearseOn } from '../rehearse.js';
import { needs, PATIENT_MS, yes, type Item } from './item.js';

/** Has Ansible go through its part of the release on one host in its check mode; nothing is changed. Nothing where it has no part. */
export function rehearsalItems(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  host: HostRef,
  resolved: Promise<ResolvedRelease>,
): Item[] {
  const components = Object.entries(environment.components).flatMap(([name, { transport }]) =>
    transport === 'ansible' ? [name] : [],
  );
  if (components.length === 0) return [];
  return [
    {
      name: 'dry run',
      target: host.name,
      limitMs: PATIENT_MS,
      look: async (signal) => {
        const { release } = await needs('release', resolved);
        const call = { host, release, components, deploymentId: 'preflight' };
        const { would } = await rehearseOn(dependencies, environment, call, { signal });
        const details = Object.entries(would).flatMap(([name, all]) => all.map((one) => `${name}: ${one}`));
        return { ...yes(`Ansible would make ${details.length} changes`), details };
      },
    },
  ];
}
