import { interruptedScript, type FailedMigration, type PendingScript } from './migration.js';
import type { Release } from './release.js';
import { tolerates } from './version.js';

/** What a look at the database of an environment found. */
export interface SchemaFacts {
  /** Highest schema version that was applied; `null` when none was. */
  readonly version: string | null;
  readonly applied: readonly string[];
  readonly failed: readonly FailedMigration[];
  /** What was noted as about to be applied when Flyway was started last; empty once it is known what became of it. */
  readonly noted: readonly PendingScript[];
  /** A session of this environment's migrations is there. */
  readonly busy: boolean;
  /** With their schema, quoted as SQL wants it. */
  readonly invalidIndexes: readonly string[];
}

/** What is left of a migration that nobody but a person can undo; the plan refuses to begin. */
export interface HalfDone {
  readonly scripts: readonly FailedMigration[];
  /** A note in the fencing row, and not a row of Flyway's history, says so. */
  readonly noted: boolean;
}

/** Failures that the next migration does not clean up by itself; `null` when there is none. */
export function halfDone({ applied, failed, noted, busy }: SchemaFacts): HalfDone | null {
  const interrupted = interruptedScript(noted, applied);
  if (interrupted?.kind === 'indexes') {
    const others = failed.filter(({ script }) => script !== interrupted.script);
    return others.length === 0 ? null : { scripts: others, noted: false };
  }
  if (failed.length > 0) return { scripts: failed, noted: false };
  if (interrupted?.kind !== 'other' || busy) return null;
  return { scripts: [interrupted], noted: true };
}

/** What was left half-done, and the commands that a person needs once it is undone. `owner`: `<application>-<environment>`. */
export function describeHalfDone(found: HalfDone, { invalidIndexes }: SchemaFacts, owner: string): string {
  const scripts = found.scripts
    .map(({ script, version }) => `${script} (${version === null ? 'repeatable' : `version ${version}`})`)
    .join(', ');
  const indexes =
    invalidIndexes.length === 0 ? '' : ` Indexes that are not valid: ${invalidIndexes.join(', ')}.`;
  const drops = invalidIndexes.map((name) => `DROP INDEX CONCURRENTLY ${name};`);
  const forget = found.noted
    ? `UPDATE safeguard.fence SET doing = NULL WHERE owner = '${owner}';`
    : 'flyway repair';
  return `${scripts} was begun and did not end, and it is no transaction that would leave nothing.${indexes} Undo what it did, then: ${[...drops, forget].join(' ')}`;
}

/** Whether a release works with the schema there is, as sentences; none when it does. */
export function schemaDifferences(release: Release | null, version: string | null): string[] {
  if (!release?.schema) return [];
  const { min, max } = release.schema.tolerates;
  if (version === null)
    return [`the database has no schema yet, ${release.version} works with ${min} to ${max}`];
  if (tolerates({ min, max }, version)) return [];
  return [`schema is at ${version}, ${release.version} works with ${min} to ${max}`];
}
