import { Context } from '@temporalio/activity';
import type { DatabaseLogin } from '../adapters/database.js';
import type { FlywayRun } from '../adapters/flyway.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import type { FencingToken } from '../domain/host-protocol.js';
import type { StepToken } from '../domain/run.js';
import { describeHalfDone, halfDone, type SchemaFacts } from '../domain/schema-state.js';
import { parseJdbcUrl } from './jdbc.js';

/** Where an environment's schema is, and whose it is. */
export interface SchemaPlace {
  /** `<application>-<environment>`: the key of the fencing row, and part of the names of its sessions. */
  readonly owner: string;
  readonly login: DatabaseLogin;
  readonly flyway: FlywayRun['database'];
  /** Folder of the migrations inside a release. */
  readonly folder: string;
  readonly timeoutMs: number;
}

/**
 * The schema of an environment; `null` where the application has no migrations.
 * @throws SafeguardError CONFIG_INVALID, SECRET_MISSING
 */
export function schemaPlace({ application, name, migrations }: EnvironmentConfig): SchemaPlace | null {
  if (!migrations) return null;
  const { url, user, directory, timeout } = migrations;
  const password = readSecret(migrations.password, 'migrations.password');
  return {
    owner: `${application}-${name}`,
    login: { ...parseJdbcUrl(url), user, password },
    flyway: { url, user, password },
    folder: directory,
    timeoutMs: timeout * 1000,
  };
}

/** The token with Temporal's attempt of the activity that asks. */
export function ownToken(token: StepToken): FencingToken {
  return { ...token, attempt: Context.current().info.attempt };
}

/** @throws SafeguardError MIGRATION_HALF_DONE when something was left that only a person can undo */
export function assertNotHalfDone(facts: SchemaFacts, owner: string): void {
  const found = halfDone(facts);
  if (found !== null) throw new SafeguardError('MIGRATION_HALF_DONE', describeHalfDone(found, facts, owner));
}
