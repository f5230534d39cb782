import { join } from 'node:path';
import { resolveExactly, verifyRelease } from '../adapters/release-directory.js';
import { readSecret } from '../adapters/secrets.js';
import { SafeguardError } from '../domain/errors.js';
import type { Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { withPulse } from './pulse.js';

const CONNECT_RETRIES = 3;

/**
 * Applies the pending migrations with Flyway, after comparing every file with its checksum. Safe to repeat: Flyway applies what
 * its history does not have. Answers what was applied.
 * @throws SafeguardError MIGRATION_FAILED, RELEASE_CHANGED, RELEASE_INVALID, SECRET_MISSING
 */
export async function migrate(
  dependencies: Dependencies,
  call: Where & { readonly release: Release; readonly token: StepToken; readonly grantedTo?: string },
): Promise<string[]> {
  return withPulse(async ({ signal, say }) => {
    const environment = configured(dependencies, call);
    const { migrations } = environment;
    if (!migrations) throw new SafeguardError('INTERNAL', `${environment.name} has no migrations.`);
    const resolved = await resolveExactly(environment, call.release);
    await verifyRelease(environment, resolved);
    say('flyway migrate');
    const { url, user } = migrations;
    const done = await dependencies.flyway.migrate({
      database: { url, user, password: readSecret(migrations.password, 'migrations.password') },
      directory: join(resolved.directory, migrations.directory),
      connectRetries: CONNECT_RETRIES,
      signal,
    });
    return done.migrations.map(
      ({ version, description, executionTime }) => `${version} ${description} (${executionTime} ms)`,
    );
  });
}
