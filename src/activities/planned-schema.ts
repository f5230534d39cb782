import { Database } from '../adapters/database.js';
import { assertMayFence } from '../adapters/schema-fence.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { SchemaManifest } from '../domain/manifest.js';
import { pendingMigrations } from '../domain/migration.js';
import { assertNotHalfDone, schemaPlace } from './schema-place.js';

/** What of a plan is about the schema. */
export interface PlannedSchema {
  readonly schemaVersion: string | null;
  readonly pendingMigrations: readonly string[];
}

/**
 * Looks at the database. What would make the migrations impossible is found here, before anything is changed.
 * @throws SafeguardError MIGRATION_HALF_DONE, DATABASE_DENIED, DATABASE_UNREACHABLE
 */
export async function plannedSchema(
  environment: EnvironmentConfig,
  schema: SchemaManifest | null,
): Promise<PlannedSchema> {
  const place = schemaPlace(environment);
  if (!place) return { schemaVersion: null, pendingMigrations: [] };
  return Database.use(place.login, async (database) => {
    const facts = await lookAtDatabase(database, place.owner);
    if (schema !== null) assertNotHalfDone(facts, place.owner);
    const pendingMigrations = pendingFrom(schema, facts.version);
    if (pendingMigrations.length > 0) await assertMayFence(database);
    return { schemaVersion: facts.version, pendingMigrations };
  });
}

function pendingFrom(schema: SchemaManifest | null, current: string | null): string[] {
  if (schema === null) return [];
  return pendingMigrations(
    schema.migrations.map(({ file }) => file),
    current,
  );
}
