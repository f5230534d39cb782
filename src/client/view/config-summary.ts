import { smokeOf } from '../../config/environment-smoke.js';
import type { Config, EnvironmentConfig } from '../../config/load.js';
import { trustedOf } from '../../config/smoke.js';
import { SafeguardError } from '../../domain/errors.js';

/** What a person wants to see of a configuration at a glance; no settings, no secrets. */
export interface ConfigSummary {
  readonly file: string;
  readonly application: string;
  readonly environments: readonly {
    readonly name: string;
    readonly hosts: readonly string[];
    /** File of the inventory that has the hosts, in place of names; `null`: `hosts` are all. */
    readonly inventory: string | null;
    readonly components: readonly string[];
    readonly migrations: boolean;
    readonly approval: boolean;
    /** Smoke tests that a deployment asks; 0: it names none. */
    readonly smoke: number;
  }[];
}

/** A version to read the tests with; which one does not matter to whether they can be read. */
const SOME_VERSION = '0.0.0';

function smokeTestsOf(environment: EnvironmentConfig): number {
  const smoke = smokeOf(environment, SOME_VERSION);
  if (smoke !== null) trustedOf(smoke.suite);
  return smoke?.tests ?? 0;
}

/** By environment. What is wrong with the file of one does not keep that of another from being judged. */
function allSmokeTests(environments: readonly EnvironmentConfig[]): Map<string, number> {
  const counts = new Map<string, number>();
  const wrong = new Set<string>();
  for (const environment of environments)
    try {
      counts.set(environment.name, smokeTestsOf(environment));
    } catch (error) {
      if (!(error instanceof SafeguardError)) throw error;
      wrong.add(error.message);
    }
  if (wrong.size > 0) throw new SafeguardError('CONFIG_INVALID', [...wrong].join('\n'));
  return counts;
}

/**
 * Summarises a configuration, with the files of smoke tests that it names.
 * @throws SafeguardError CONFIG_INVALID when one of them is not in order
 */
export function configSummary({ file, application, environments }: Config): ConfigSummary {
  const smokeTests = allSmokeTests([...environments.values()]);
  return {
    file,
    application,
    environments: [...environments.values()].map((environment) => ({
      name: environment.name,
      hosts: environment.hosts.map((host) => host.name),
      inventory: environment.inventory?.file ?? null,
      components: Object.keys(environment.components),
      migrations: environment.migrations !== undefined,
      approval: environment.policy.approval.required,
      smoke: smokeTests.get(environment.name) ?? 0,
    })),
  };
}
