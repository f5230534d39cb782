import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  migrationVersion,
  pendingMigrations,
  pendingScript,
  type PendingScript,
} from '../domain/migration.js';

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** The migrations of a directory that are above the schema version there is, and what each would leave behind. */
export async function pendingScripts(
  directory: string,
  files: readonly string[],
  current: string | null,
): Promise<PendingScript[]> {
  return Promise.all(
    pendingMigrations(files, current).map(async (script) => {
      const sql = await readFile(join(directory, script), 'utf8');
      // Flyway's settings for this one script, `executeInTransaction` among them.
      const hasSettings = await isThere(join(directory, `${script}.conf`));
      return pendingScript({ version: migrationVersion(script) ?? '', script, sql }, hasSettings);
    }),
  );
}
