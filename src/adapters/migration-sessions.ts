import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SafeguardError } from '../domain/errors.js';
import type { FencingToken } from '../domain/host-protocol.js';
import type { Database } from './database.js';

/** PostgreSQL cuts a longer `application_name` off. */
const LONGEST_NAME = 63;
const OWNER_CHARACTERS = 20;
const POLL_MS = 100;

function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, characters - hash.length - 1)}~${hash}`;
}

/** How the names of all sessions of an application's environment begin. `owner`: `<application>-<environment>`. */
export function sessionPrefix(owner: string): string {
  return `safeguard ${shortened(owner, OWNER_CHARACTERS)} `;
}

/** `safeguard campus-production 7 20261121-114512-k3f9ab 5.1.2`: the `application_name` of a token's sessions, at most 63 bytes. */
export function sessionName(owner: string, token: FencingToken): string {
  const { epoch, run, step, try: tryNumber, attempt } = token;
  const start = `${sessionPrefix(owner)}${String(epoch)} `;
  const end = ` ${String(step)}.${String(tryNumber)}.${String(attempt)}`;
  const room = LONGEST_NAME - start.length - end.length;
  const name = `${start}${shortened(run, Math.max(room, 9))}${end}`;
  return shortened(name, LONGEST_NAME);
}

/** Names sessions by a prefix, without patterns: names hold characters that patterns read otherwise. */
const OTHERS = `from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and starts_with(application_name, $1)`;

interface Session {
  readonly pid: number;
  readonly application_name: string;
}

/** Names of the owner's sessions other than this one. */
export async function openSessions(database: Database, owner: string): Promise<string[]> {
  return (await others(database, owner)).map(({ application_name: name }) => name);
}

async function others(database: Database, owner: string): Promise<Session[]> {
  return database.rows<Session>(`select pid, application_name ${OTHERS}`, [sessionPrefix(owner)]);
}

/**
 * Ends every session of the owner but this one, Flyway's of this very token too. To be called where the fence's row is locked and
 * still holds the caller's token: else a newer run's sessions would be ended.
 */
export async function endSessions(database: Database, owner: string): Promise<string[]> {
  const ended = await database.rows<Session>(
    `select pid, application_name, pg_terminate_backend(pid) ${OTHERS}`,
    [sessionPrefix(owner)],
  );
  return ended.map(({ application_name: name }) => name);
}

/**
 * Waits until no session of the owner is left but this one. A backend that was ended may first have to roll back.
 * @throws SafeguardError MIGRATION_FAILED when some are still there after `limitMs`; the signal's reason
 */
export async function untilSessionsGone(
  database: Database,
  owner: string,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const left = await others(database, owner);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      const names = left.map(({ pid, application_name: name }) => `${name} (pid ${String(pid)})`).join(', ');
      throw new SafeguardError(
        'MIGRATION_FAILED',
        `After ${String(limitMs)} ms these database sessions had not ended: ${names}.`,
      );
    }
    signal?.throwIfAborted();
    await delay(POLL_MS);
  }
}
