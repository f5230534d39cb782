import { join } from 'node:path';
import { Database } from '../adapters/database.js';
import { resolveExactly } from '../adapters/release-directory.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import { SafeguardError } from '../domain/errors.js';
import type { FailedMigration } from '../domain/migration.js';
import type { Release } from '../domain/release.js';
import { schemaDifferences } from '../domain/schema-state.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import type { SchemaReading } from './settle-schema.js';
import { schemaPlace, type SchemaPlace } from './schema-place.js';

/** All that is to be seen of a schema from outside. */
export interface SchemaLook extends SchemaReading {
  /** Rows of Flyway's history that say: failed. */
  readonly failed: readonly FailedMigration[];
  /** Quoted names with their schema; an index that is being built is not among them. */
  readonly invalidIndexes: readonly string[];
  /** Versions of the release's migrations that are not applied. */
  readonly pending: readonly string[];
  /** What `flyway validate` objects to: files that were altered after they had been applied, applied ones that the release lacks. */
  readonly problems: readonly string[];
}

const PENDING = /^RESOLVED_\w+_NOT_APPLIED$/;

/**
 * Looks at the schema of an environment and compares it with a release. Changes nothing.
 * @throws SafeguardError DATABASE_UNREACHABLE, DATABASE_DENIED, SECRET_MISSING, MIGRATION_FAILED when Flyway can't look
 */
export async function lookAtSchema(
  dependencies: Dependencies,
  call: Where & { readonly release: Release | null },
  signal?: AbortSignal,
): Promise<SchemaLook> {
  const place = schemaPlace(configured(dependencies, call));
  if (!place)
    return { version: null, differences: [], failed: [], invalidIndexes: [], pending: [], problems: [] };
  const { version, failed, invalidIndexes } = await Database.use(place.login, (database) =>
    lookAtDatabase(database, place.owner),
  );
  const { pending, problems } = call.release?.schema
    ? await validated(dependencies, call, call.release, place, signal)
    : { pending: [], problems: [] };
  const differences = schemaDifferences(call.release, version);
  return { version, differences, failed, invalidIndexes, pending, problems };
}

async function validated(
  dependencies: Dependencies,
  where: Where,
  release: Release,
  { flyway: database, folder }: SchemaPlace,
  signal: AbortSignal | undefined,
): Promise<Pick<SchemaLook, 'pending' | 'problems'>> {
  try {
    const { directory } = await resolveExactly(
      configured(dependencies, where),
      release.migrationsOf ?? release,
    );
    const run = { database, directory: join(directory, folder), ...(signal ? { signal } : {}) };
    const { invalidMigrations } = await dependencies.flyway.validate(run);
    const isPending = ({ errorDetails }: (typeof invalidMigrations)[number]): boolean =>
      PENDING.test(errorDetails.errorCode);
    return {
      pending: invalidMigrations.filter(isPending).map(({ version }) => version ?? 'a repeatable one'),
      problems: invalidMigrations
        .filter((one) => !isPending(one))
        .map(({ errorDetails }) => errorDetails.errorMessage.split('\n')[0] ?? errorDetails.errorCode),
    };
  } catch (error) {
    if (!(error instanceof SafeguardError) || !error.code.startsWith('RELEASE_')) throw error;
    return {
      pending: [],
      problems: [`the migrations of ${release.version} can't be compared: ${error.message}`],
    };
  }
}
