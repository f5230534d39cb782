import { sqlStatements } from './sql-statements.js';
import { compareSchemaVersions } from './version.js';

const VERSIONED = /^V(\d+(?:[._]\d+)*)__.+\.sql$/;

/** Version of a Flyway file (`V2_1__add_fees.sql` → `2.1`); `null` for repeatable and other files. */
export function migrationVersion(file: string): string | null {
  return VERSIONED.exec(file)?.[1]?.replaceAll('_', '.') ?? null;
}

/** The versioned migrations above the schema version there is (`null`: none was ever applied), in order. */
export function pendingMigrations(files: readonly string[], current: string | null): string[] {
  return files.filter((file) => {
    const version = migrationVersion(file);
    return version !== null && (current === null || compareSchemaVersions(version, current) > 0);
  });
}

/** An index that a script makes: names as SQL writes them, so that `to_regclass` reads the table as the script does. */
export interface MadeIndex {
  readonly table: string;
  /** The plain name, quotes taken off and upper case folded as PostgreSQL does. */
  readonly name: string;
}

/**
 * What a script leaves behind when it is ended in the middle.
 * - `transactional`: nothing
 * - `indexes`: indexes that it was still building or had built, which can be dropped; it makes no other change
 * - `other`: nobody knows; it is not carried out in a transaction
 */
export type ScriptKind = 'transactional' | 'indexes' | 'other';

/** A migration that is about to be applied. */
export interface PendingScript {
  readonly version: string;
  readonly script: string;
  readonly kind: ScriptKind;
  /** Empty unless `kind` is `indexes`. */
  readonly indexes: readonly MadeIndex[];
}

/** A row of Flyway's history with `success = false`. */
export interface FailedMigration {
  /** `null`: a repeatable migration. */
  readonly version: string | null;
  readonly script: string;
}

const IDENTIFIER = String.raw`(?:[A-Za-z_][\w$]*|"(?:[^"]|"")+")`;
const CONCURRENTLY = new RegExp(
  String.raw`^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(${IDENTIFIER})\s+on\s+(?:only\s+)?(${IDENTIFIER}(?:\.${IDENTIFIER})?)(?=[\s(])`,
  'i',
);

/** Statements that PostgreSQL refuses inside a transaction, or that end one; Flyway then does without. */
const OUTSIDE_TRANSACTION =
  /^(?:(?:create|drop)\s+(?:database|tablespace|subscription)|alter\s+(?:system|database|subscription)|vacuum|reindex|cluster|discard|begin|start|commit|rollback|end|abort|call)\b|^alter\s+type\b[^]*\badd\s+value\b|\bconcurrently\b/i;

function plainName(identifier: string): string {
  return identifier.startsWith('"')
    ? identifier.slice(1, -1).replaceAll('""', '"')
    : identifier.toLowerCase();
}

function madeIndex(statement: string): MadeIndex | null {
  const [, name, table] = CONCURRENTLY.exec(statement) ?? [];
  return name === undefined || table === undefined ? null : { name: plainName(name), table };
}

/**
 * What a script would leave behind. One that consists of CREATE [UNIQUE] INDEX CONCURRENTLY only, each with a name, is `indexes`; an
 * index without a name can't be told from others afterwards. `forcedOut`: its `.conf` file may say `executeInTransaction=false`.
 */
export function pendingScript(
  file: { readonly version: string; readonly script: string; readonly sql: string },
  forcedOut: boolean,
): PendingScript {
  const { version, script, sql } = file;
  const statements = sqlStatements(sql);
  const indexes = statements.map(madeIndex).filter((index) => index !== null);
  if (indexes.length > 0 && indexes.length === statements.length)
    return { version, script, kind: 'indexes', indexes };
  const outside = forcedOut || statements.some((statement) => OUTSIDE_TRANSACTION.test(statement));
  return { version, script, kind: outside ? 'other' : 'transactional', indexes: [] };
}

/**
 * The script that was going on when its Flyway was ended: the first that is not applied, as Flyway applies them one after
 * the other. `null` when all are.
 */
export function interruptedScript(
  pending: readonly PendingScript[],
  applied: readonly string[],
): PendingScript | null {
  return (
    pending.find(({ version }) => applied.every((one) => compareSchemaVersions(one, version) !== 0)) ?? null
  );
}
