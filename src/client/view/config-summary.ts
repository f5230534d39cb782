import type { Config } from '../../config/load.js';

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
  }[];
}

/** Summarises a configuration. */
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
    })),
  };
}
