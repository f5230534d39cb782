import type { MadeIndex, PendingScript } from '../domain/migration.js';
import { isSqlState, type Database } from './database.js';

/** An index as it is in the database; `name` is quoted and has its schema. */
export interface FoundIndex {
  readonly oid: number;
  readonly name: string;
}

const NAME = `format('%I.%I', n.nspname, c.relname)`;
const INDEXES = `from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace`;

/** The index of this name on this table, if it is there. */
async function find(database: Database, { table, name }: MadeIndex): Promise<FoundIndex[]> {
  return database.rows<FoundIndex>(
    `select c.oid::int8::float8 as oid, ${NAME} as name ${INDEXES} where i.indrelid = to_regclass($1) and c.relname = $2`,
    [table, name],
  );
}

/** Those that are there of the indexes that scripts make. */
export async function findIndexes(
  database: Database,
  scripts: readonly PendingScript[],
): Promise<FoundIndex[]> {
  const found: FoundIndex[] = [];
  for (const index of scripts.flatMap(({ indexes }) => indexes)) found.push(...(await find(database, index)));
  return found;
}

/** Drops an index without locking its table; false when a transaction that uses the table kept it from ending in time. */
export async function dropIndex(database: Database, { name }: FoundIndex, limitMs: number): Promise<boolean> {
  try {
    await database.rows(`drop index concurrently if exists ${name}`, [], limitMs);
    return true;
  } catch (error) {
    if (isSqlState(error, '57014', '55P03')) return false;
    throw error;
  }
}

/** Indexes that are not valid, and that nobody is building at the moment. */
export async function invalidIndexes(database: Database): Promise<string[]> {
  const found = await database.rows<{ name: string }>(
    `select ${NAME} as name ${INDEXES} where not i.indisvalid and c.relkind = 'i'
     and not exists (select from pg_stat_progress_create_index b where b.index_relid = i.indexrelid) order by 1`,
  );
  return found.map(({ name }) => name);
}
