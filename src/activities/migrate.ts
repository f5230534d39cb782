import { join } from 'node:path';
import { Database } from '../adapters/database.js';
import { FlywayFailed, type FlywayMigration } from '../adapters/flyway.js';
import { pendingScripts } from '../adapters/migration-scripts.js';
import { untilSessionsGone } from '../adapters/migration-sessions.js';
import { resolveExactly, verifyRelease } from '../adapters/release-directory.js';
import { cleanUp, endOthers, type CleanedUp } from '../adapters/schema-clean-up.js';
import { fencingSql, SchemaFence } from '../adapters/schema-fence.js';
import { readHistory } from '../adapters/schema-history.js';
import { findIndexes } from '../adapters/schema-indexes.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import { Stop } from '../adapters/stop.js';
import { SafeguardError } from '../domain/errors.js';
import type { FencingToken } from '../domain/host-protocol.js';
import { interruptedScript } from '../domain/migration.js';
import type { Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { describeHalfDone, halfDone } from '../domain/schema-state.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { withPulse } from './pulse.js';
import { assertNotReset } from './reset.js';
import { assertNotHalfDone, ownToken, schemaPlace, type SchemaPlace } from './schema-place.js';

const CONNECT_RETRIES = 3;

/** One attempt at the pending migrations of a release. */
interface Attempt extends SchemaPlace {
  readonly token: FencingToken;
  readonly directory: string;
  readonly files: readonly string[];
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Applies the pending migrations with Flyway, after comparing every file with its checksum. Answers what was applied. Safe to
 * repeat: Flyway applies what its history does not have, an older attempt's Flyway is ended first, and so is what it left.
 * When it is stopped, it ends Flyway's sessions in the database and undoes what they left before it says so.
 * @throws SafeguardError MIGRATION_FAILED, MIGRATION_HALF_DONE, MIGRATION_FENCED, DATABASE_DENIED, DATABASE_UNREACHABLE,
 * STEP_TIMEOUT, RELEASE_CHANGED, RELEASE_INVALID, SECRET_MISSING
 */
export async function migrate(
  dependencies: Dependencies,
  call: Where & { readonly release: Release; readonly token: StepToken; readonly grantedTo?: string },
): Promise<string[]> {
  return withPulse(async ({ signal, say }) => {
    assertNotReset(call.grantedTo);
    const environment = configured(dependencies, call);
    const place = schemaPlace(environment);
    if (!place) throw new SafeguardError('INTERNAL', `${environment.name} has no migrations.`);
    const resolved = await resolveExactly(environment, call.release);
    await verifyRelease(environment, resolved);
    const { timeoutMs } = place;
    const late = (): Error =>
      new SafeguardError('STEP_TIMEOUT', `The migrations took longer than ${String(timeoutMs)} ms.`);
    const stop = new Stop().with(signal).after(timeoutMs, late);
    const files = (call.release.schema?.migrations ?? []).map(({ file }) => file);
    const directory = join(resolved.directory, place.folder);
    const attempt = { ...place, token: ownToken(call.token), directory, files, say, signal: stop.signal };
    try {
      const done = await carryOut(dependencies, attempt);
      return done.migrations.map(
        ({ version, description, executionTime }) => `${version} ${description} (${executionTime} ms)`,
      );
    } finally {
      stop.dispose();
    }
  });
}

async function carryOut({ flyway }: Dependencies, attempt: Attempt): Promise<FlywayMigration> {
  const { owner, token, directory, login, say, signal } = attempt;
  try {
    await Database.use(login, (database) => makeReady(database, attempt));
    say('flyway migrate');
    const done = await flyway.migrate({
      database: attempt.flyway,
      directory,
      initSql: fencingSql(owner, token),
      connectRetries: CONNECT_RETRIES,
      signal,
    });
    await Database.use(login, async (database) => {
      const fence = await SchemaFence.take(database, owner, token);
      await fence.note(null);
    });
    return done;
  } catch (error) {
    if (!signal.aborted && !(error instanceof FlywayFailed)) throw error;
    say('ending the migration in the database');
    throw await Database.use(login, (database) => putRight(database, attempt, error));
  }
}

/** Takes the schema over, ends and undoes what an older attempt left, and notes what is about to be applied. */
async function makeReady(database: Database, attempt: Attempt): Promise<void> {
  const { owner, token, directory, files, say, signal } = attempt;
  signal.throwIfAborted();
  say('taking the schema over');
  const fence = await SchemaFence.take(database, owner, token);
  if (await isToBeWaitedFor(database, fence))
    await untilSessionsGone(database, owner, attempt.timeoutMs, signal);
  else await endOthers(database, fence);
  const { left } = await cleanUp(database, fence);
  if (left.length > 0) throw new SafeguardError('MIGRATION_FAILED', describeLeft(left));
  assertNotHalfDone(await lookAtDatabase(database, owner), owner);
  const { version } = await readHistory(database);
  const pending = await pendingScripts(directory, files, version);
  const present = (await findIndexes(database, pending)).map(({ oid }) => oid);
  signal.throwIfAborted();
  await fence.note({ pending, present });
}

/**
 * Whether an older Flyway may end by itself: only its worker was lost, nobody stopped its run, and what it carries out could not be
 * undone. What can be undone is ended and begun anew.
 */
async function isToBeWaitedFor(database: Database, { before, token }: SchemaFence): Promise<boolean> {
  if (!before?.doing) return false;
  const { incarnation, run } = before.token;
  if (incarnation !== token.incarnation || run !== token.run) return false;
  const { applied } = await readHistory(database);
  return interruptedScript(before.doing.pending, applied)?.kind === 'other';
}

/** After Flyway ended without success: ends its sessions, undoes what it left, and answers what is to be thrown. */
async function putRight(database: Database, { owner, token }: Attempt, error: unknown): Promise<unknown> {
  const fence = await SchemaFence.take(database, owner, token);
  await endOthers(database, fence);
  if (error instanceof FlywayFailed && error.begunNothing) await fence.note(null);
  const cleaned = await cleanUp(database, fence);
  if (!(error instanceof FlywayFailed)) return error;
  const facts = await lookAtDatabase(database, owner);
  const found = halfDone(facts);
  return found === null
    ? new SafeguardError('MIGRATION_FAILED', `${error.message}${describeCleaned(cleaned)}`, { cause: error })
    : new SafeguardError('MIGRATION_HALF_DONE', `${describeHalfDone(found, facts, owner)} ${error.message}`, {
        cause: error,
      });
}

function describeCleaned({ removed, left }: CleanedUp): string {
  const gone = removed.length === 0 ? '' : ` What it left was removed: ${removed.join(', ')}.`;
  return left.length === 0 ? gone : `${gone} ${describeLeft(left)}`;
}

/** Indexes of a failed build that could not be dropped yet. */
export function describeLeft(left: readonly string[]): string {
  return `What a migration left could not be removed yet, because transactions that use the table are open: ${left.join(', ')}.`;
}
