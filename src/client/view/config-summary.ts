import { smokeOf } from '../../config/environment-smoke.js';
import type { Config, EnvironmentConfig } from '../../config/load.js';
import { trustedOf } from '../../config/smoke.js';

/** What a person wants to see of a configuration at a glance; no settings, no secrets. */
export interface ConfigSummary {
  readonly file: string;
  readonly application: string;
  readonly environments: readonly {
    readonly name: string;
    readonly hosts: readonly string[];
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

/**
 * Summarises a configuration, with the files of smoke tests that it names.
 * @throws SafeguardError CONFIG_INVALID when one of them is not in order
 */
export function configSummary({ file, application, environments }: Config): ConfigSummary {
  return {
    file,
    application,
    environments: [...environments.values()].map((environment) => ({
      name: environment.name,
      hosts: environment.hosts.map((host) => host.name),
      components: Object.keys(environment.components),
      migrations: environment.migrations !== undefined,
      approval: environment.policy.approval.required,
      smoke: smokeTestsOf(environment),
    })),
  };
}
