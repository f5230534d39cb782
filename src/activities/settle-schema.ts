import { Database } from '../adapters/database.js';
import { cleanUp, endOthers } from '../adapters/schema-clean-up.js';
import { SchemaFence } from '../adapters/schema-fence.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import { SafeguardError } from '../domain/errors.js';
import type { Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { describeHalfDone, halfDone, schemaDifferences } from '../domain/schema-state.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { describeLeft } from './migrate.js';
import { withPulse } from './pulse.js';
import { assertNotReset } from './reset.js';
import { ownToken, schemaPlace, type SchemaPlace } from './schema-place.js';

/** Where a schema is, and what keeps a release from working with it. */
export interface SchemaReading {
  /** `null`: no migration was ever applied, or the environment has none. */
  readonly version: string | null;
  /** One sentence each; none: the release works with it. */
  readonly differences: readonly string[];
}

/**
 * For the way back: makes sure that no migration of an older token goes on or begins any more, undoes what an ended one left, and
 * compares the schema with what the release that is restored works with. Idempotent. `migrated`: the run has migrated or may
 * have begun to; else the database is only looked at.
 * @throws SafeguardError MIGRATION_FAILED: what was left can't be removed yet, or a session does not end (worth another try);
 * MIGRATION_FENCED, DATABASE_DENIED, DATABASE_UNREACHABLE, SECRET_MISSING
 */
export async function settleSchema(
  dependencies: Dependencies,
  call: Where & {
    /** The release that is restored; `null`: nothing is to run. */
    readonly release: Release | null;
    readonly token: StepToken;
    readonly migrated: boolean;
    /** See `assertNotReset`. */
    readonly grantedTo?: string;
  },
): Promise<SchemaReading> {
  return withPulse(async ({ say }) => {
    assertNotReset(call.grantedTo);
    const place = schemaPlace(configured(dependencies, call));
    if (!place) return { version: null, differences: [] };
    return Database.use(place.login, async (database) => {
      if (call.migrated) {
        say('ending migrations');
        await endAndUndo(database, place, call.token);
      }
      return reading(database, place, call.release);
    });
  });
}

async function endAndUndo(database: Database, { owner }: SchemaPlace, token: StepToken): Promise<void> {
  const fence = await SchemaFence.take(database, owner, ownToken(token));
  await endOthers(database, fence);
  const { left } = await cleanUp(database, fence);
  if (left.length > 0) throw new SafeguardError('MIGRATION_FAILED', describeLeft(left));
}

async function reading(
  database: Database,
  { owner }: SchemaPlace,
  release: Release | null,
): Promise<SchemaReading> {
  const facts = await lookAtDatabase(database, owner);
  const found = halfDone(facts);
  const half = found === null ? [] : [describeHalfDone(found, facts, owner)];
  return { version: facts.version, differences: [...schemaDifferences(release, facts.version), ...half] };
}
