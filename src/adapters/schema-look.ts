import type { SchemaFacts } from '../domain/schema-state.js';
import type { Database } from './database.js';
import { openSessions } from './migration-sessions.js';
import { readFence } from './schema-fence.js';
import { readHistory } from './schema-history.js';
import { invalidIndexes } from './schema-indexes.js';

/** Looks at what migrations left in a database. Changes nothing. Throws what {@link Database} throws. */
export async function lookAtDatabase(database: Database, owner: string): Promise<SchemaFacts> {
  // In this order: a migration that begins or ends meanwhile is seen as busy, not as interrupted.
  const busyBefore = await openSessions(database, owner);
  const row = await readFence(database, owner);
  const history = await readHistory(database);
  const busyAfter = await openSessions(database, owner);
  return {
    ...history,
    noted: row?.doing?.pending ?? [],
    busy: busyBefore.length + busyAfter.length > 0,
    invalidIndexes: await invalidIndexes(database),
  };
}
