import { compareSchemaVersions } from '../domain/version.js';
import type { FailedMigration } from '../domain/migration.js';
import type { Database } from './database.js';

/** What `flyway_schema_history` says. */
export interface SchemaHistory {
  /** Highest version that was applied; `null` when none was. */
  readonly version: string | null;
  readonly applied: readonly string[];
  readonly failed: readonly FailedMigration[];
}

interface Row {
  readonly version: string | null;
  readonly script: string;
  readonly success: boolean;
}

/** Reads Flyway's history in the schema `public`; empty before the first migration. */
export async function readHistory(database: Database): Promise<SchemaHistory> {
  const [there] = await database.rows<{ history: boolean }>(
    `select to_regclass('public.flyway_schema_history') is not null as history`,
  );
  const rows = there?.history
    ? await database.rows<Row>('select version, script, success from public.flyway_schema_history')
    : [];
  const applied = rows.flatMap(({ version, success }) => (success && version !== null ? [version] : []));
  const failed = rows.filter(({ success }) => !success).map(({ version, script }) => ({ version, script }));
  return { version: [...applied].sort(compareSchemaVersions).at(-1) ?? null, applied, failed };
}

/** Takes the row of a failed migration out, as `flyway repair` does, which would also make altered checksums look right. */
export async function forgetFailed(database: Database, { version, script }: FailedMigration): Promise<void> {
  await database.rows(
    'delete from public.flyway_schema_history where not success and version = $1 and script = $2',
    [version, script],
  );
}
