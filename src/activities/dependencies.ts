import type { Client } from '@temporalio/client';
import type { AnsibleProgram } from '../adapters/ansible/program.js';
import type { AuditStore } from '../adapters/audit-store.js';
import type { Flyway } from '../adapters/flyway.js';
import type { openRepository } from '../adapters/github/repository.js';
import type { HostProgram } from '../adapters/host-program.js';
import type { RecordStore } from '../adapters/record-store.js';
import type { SshConnections } from '../adapters/ssh/connections.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import { environmentOf, type Config, type EnvironmentConfig } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';

/** What activities are made of; the worker wires it. */
export interface Dependencies {
  readonly config: Config;
  readonly ssh: SshConnections;
  readonly program: HostProgram;
  /** The same program, reached through Ansible. */
  readonly ansible: AnsibleProgram;
  readonly readInventory: (inventory: Inventory, signal?: AbortSignal) => Promise<readonly HostRef[]>;
  readonly flyway: Flyway;
  readonly records: RecordStore;
  /** Opens the repository that judges where releases come from. */
  readonly openRepository: typeof openRepository;
  readonly audit: AuditStore;
  readonly temporal: Client;
  /** Name of this runner, for state files and records. */
  readonly runner: string;
}

type Inventory = NonNullable<EnvironmentConfig['inventory']>;

/** Application and environment, as every activity is told. */
export interface Where {
  readonly application: string;
  readonly environment: string;
}

/**
 * The configuration of the environment an activity works on.
 * @throws SafeguardError ENVIRONMENT_UNKNOWN when this worker serves another application or lacks the environment
 */
export function configured({ config }: Dependencies, { application, environment }: Where): EnvironmentConfig {
  if (application !== config.application) {
    throw new SafeguardError(
      'ENVIRONMENT_UNKNOWN',
      `This worker deploys ${config.application}, not ${application}.`,
    );
  }
  return environmentOf(config, environment);
}

/** How to reach a host of a plan: address from the plan, login from this worker's configuration. */
export function targetOf({ ssh }: EnvironmentConfig, host: HostRef): SshTarget {
  return { ...host, user: ssh.user, privateKeyFile: ssh.key, knownHostsFile: ssh.knownHosts };
}
