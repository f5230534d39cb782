import { interruptedScript, type PendingScript } from '../domain/migration.js';
import type { Database } from './database.js';
import { endSessions, untilSessionsGone } from './migration-sessions.js';
import type { SchemaFence } from './schema-fence.js';
import { forgetFailed, readHistory } from './schema-history.js';
import { dropIndex, findIndexes } from './schema-indexes.js';

/** A backend that is told to end may first have to roll back. */
const SESSIONS_MS = 30_000;
/** For each index; dropping waits for the transactions that use its table. */
const DROP_MS = 5_000;

/** What became of a migration that did not end well. */
export interface CleanedUp {
  /** Indexes that were dropped. */
  readonly removed: readonly string[];
  /** Indexes that could not be dropped yet: transactions that use their tables are open. To be tried again. */
  readonly left: readonly string[];
  /** A script that can't be undone by itself and may have been carried out in part. */
  readonly halfDone: PendingScript | null;
}

const NOTHING: CleanedUp = { removed: [], left: [], halfDone: null };

/**
 * Ends all other sessions of the fence's owner, whoever started them, and waits until they are gone.
 * @throws SafeguardError MIGRATION_FENCED; MIGRATION_FAILED when one does not end; those of {@link Database}
 */
export async function endOthers(database: Database, fence: SchemaFence): Promise<void> {
  await fence.holding(() => endSessions(database, fence.owner));
  await untilSessionsGone(database, fence.owner, SESSIONS_MS);
}

/**
 * Undoes what an ended migration left, where that is known: indexes that it was building concurrently, and its failed row. To be
 * called when no other session of the owner is left. Safe to repeat: what is to be undone stands in the row until it is.
 * @throws SafeguardError MIGRATION_FENCED and those of {@link Database}
 */
export async function cleanUp(database: Database, fence: SchemaFence): Promise<CleanedUp> {
  const doing = await fence.doing();
  if (doing === null) return NOTHING;
  const { applied, failed } = await readHistory(database);
  const script = interruptedScript(doing.pending, applied);
  const told = failed.some((one) => one.script === script?.script);
  if (script?.kind === 'other' && !told) return { ...NOTHING, halfDone: script };
  if (script?.kind !== 'indexes') {
    await fence.note(null);
    return NOTHING;
  }
  const { removed, left } = await dropIndexes(database, script, doing.present);
  if (left.length === 0) {
    await fence.holding(() => forgetFailed(database, script));
    await fence.note(null);
  }
  return { removed, left, halfDone: null };
}

async function dropIndexes(
  database: Database,
  script: PendingScript,
  present: readonly number[],
): Promise<{ readonly removed: string[]; readonly left: string[] }> {
  const removed: string[] = [];
  const left: string[] = [];
  for (const index of await findIndexes(database, [script])) {
    if (present.includes(index.oid)) continue;
    const dropped = await dropIndex(database, index, DROP_MS);
    (dropped ? removed : left).push(index.name);
  }
  return { removed, left };
}
