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
