import pg from 'pg';
import { SafeguardError } from '../domain/errors.js';
import { describeToken, fence, sameToken, type HeldToken } from '../domain/fence.js';
import type { FencingToken } from '../domain/host-protocol.js';
import type { PendingScript } from '../domain/migration.js';
import { isSqlState, type Database } from './database.js';
import { sessionName } from './migration-sessions.js';

/** What was about to be applied when Flyway was started; kept until it is known what became of it. */
export interface Doing {
  /** In the order in which Flyway applies them. */
  readonly pending: readonly PendingScript[];
  /** Object ids of indexes that bore the names of `pending`'s before. */
  readonly present: readonly number[];
}

/** The epoch row of an application's environment. */
export interface FenceRow extends HeldToken {
  readonly doing: Doing | null;
}

/** All that stands in SQL that this code makes; nothing in it could end a quoted text. */
const PLAIN = /^[A-Za-z0-9._:-]{1,128}$/;
const THERE = `select to_regnamespace('safeguard') is not null as schema, to_regclass('safeguard.fence') is not null as "table"`;
const TABLE = `create table if not exists safeguard.fence (
  owner text primary key,
  token jsonb not null,
  former text[] not null default '{}',
  doing jsonb,
  accepted_at timestamptz not null default now()
)`;
/** Two that create the same at once. */
const MADE_MEANWHILE = ['23505', '42710', '42P06', '42P07'] as const;
const NOT_ALLOWED = '42501';

function assertPlain(owner: string, { incarnation, run }: FencingToken): void {
  for (const text of [owner, incarnation, run]) {
    if (!PLAIN.test(text))
      throw new SafeguardError('INTERNAL', `Not usable in a fencing row: ${JSON.stringify(text)}.`);
  }
}

/** A token and nothing else: the row is compared with it as a whole. */
function inFull({ incarnation, epoch, run, step, try: tryNumber, attempt }: FencingToken): FencingToken {
  return { incarnation, epoch, run, step, try: tryNumber, attempt };
}

function denied(database: Database, cause: unknown): SafeguardError {
  const { user, name } = database;
  return new SafeguardError(
    'DATABASE_DENIED',
    `${user} may not keep the fencing row in database ${name}. As its owner or a superuser, in that database: GRANT CREATE ON DATABASE ${name} TO ${user}; or, if the schema safeguard is there already: GRANT USAGE ON SCHEMA safeguard TO ${user}; GRANT SELECT, INSERT, UPDATE ON safeguard.fence TO ${user};`,
    { cause },
  );
}

/** Whether the row can be kept: the table is there and may be written, or it may be made. Changes nothing. */
export async function assertMayFence(database: Database): Promise<void> {
  const { schema, table } = await isThere(database);
  const right = table
    ? `has_table_privilege('safeguard.fence', 'select') and has_table_privilege('safeguard.fence', 'insert') and has_table_privilege('safeguard.fence', 'update')`
    : schema
      ? `has_schema_privilege('safeguard', 'create')`
      : `has_database_privilege(current_database(), 'create')`;
  const [row] = await database.rows<{ may: boolean }>(`select ${right} as may`);
  if (row?.may !== true) throw denied(database, undefined);
}

async function isThere(database: Database): Promise<{ schema: boolean; table: boolean }> {
  try {
    const [row] = await database.rows<{ schema: boolean; table: boolean }>(THERE);
    return row ?? { schema: false, table: false };
  } catch (error) {
    if (isSqlState(error, NOT_ALLOWED)) throw denied(database, error);
    throw error;
  }
}

async function ensureTable(database: Database): Promise<void> {
  const { schema, table } = await isThere(database);
  if (!schema) await unlessMade(database.rows('create schema if not exists safeguard'));
  if (!table) await unlessMade(database.rows(TABLE));
}

async function unlessMade(making: Promise<unknown>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (!isSqlState(error, ...MADE_MEANWHILE)) throw error;
  }
}

interface RawRow {
  readonly token: FencingToken;
  readonly former: readonly string[];
  readonly doing: Doing | null;
}

async function select(database: Database, owner: string, lock: '' | 'for update'): Promise<FenceRow | null> {
  const text = `select token, former, doing from safeguard.fence where owner = $1 ${lock}`;
  return (await database.rows<RawRow>(text, [owner]))[0] ?? null;
}

/** The row as it is; `null` when there is none. Changes nothing. */
export async function readFence(database: Database, owner: string): Promise<FenceRow | null> {
  return (await isThere(database)).table ? select(database, owner, '') : null;
}

/**
 * The right to change a schema, held through a row of the database itself: `owner` is `<application>-<environment>`. Every method
 * throws MIGRATION_FENCED once a newer token has taken the row.
 */
export class SchemaFence {
  private constructor(
    private readonly database: Database,
    readonly owner: string,
    readonly token: FencingToken,
    /** What the row said before; `null`: it was the first. */
    readonly before: FenceRow | null,
  ) {}

  /**
   * Puts the token into the row, and gives this connection its session's name: only then, as what bears a name of the owner without
   * holding the row is ended.
   * @throws SafeguardError MIGRATION_FENCED, DATABASE_DENIED, DATABASE_UNREACHABLE
   */
  static async take(database: Database, owner: string, token: FencingToken): Promise<SchemaFence> {
    assertPlain(owner, token);
    const asked = inFull(token);
    try {
      await ensureTable(database);
      const before = await this.store(database, owner, asked);
      await database.rows(`select set_config('application_name', $1, false)`, [sessionName(owner, asked)]);
      return new SchemaFence(database, owner, asked, before);
    } catch (error) {
      if (isSqlState(error, NOT_ALLOWED)) throw denied(database, error);
      throw error;
    }
  }

  private static async store(
    database: Database,
    owner: string,
    token: FencingToken,
  ): Promise<FenceRow | null> {
    return database.transaction(async () => {
      // The first of two that come at once makes the row; the other one waits here, and then compares.
      const made = await database.rows(
        `insert into safeguard.fence (owner, token) values ($1, $2) on conflict do nothing returning owner`,
        [owner, token],
      );
      if (made.length > 0) return null;
      const held = await select(database, owner, 'for update');
      const verdict = fence(held, token);
      if (!verdict.accepted) throw fenced(owner, token, held);
      const former = [...(held?.former ?? []), ...(verdict.replaces === null ? [] : [verdict.replaces])];
      await database.rows(
        `update safeguard.fence set token = $2, former = $3, accepted_at = now() where owner = $1`,
        [owner, token, [...new Set(former)]],
      );
      return held;
    });
  }

  /** Does the work in a transaction in which the row is locked and still has this token: nobody takes it meanwhile. */
  async holding<T>(work: (row: FenceRow) => Promise<T>): Promise<T> {
    return this.database.transaction(async () => {
      const held = await select(this.database, this.owner, 'for update');
      if (held === null || !sameToken(held.token, this.token)) throw fenced(this.owner, this.token, held);
      return work(held);
    });
  }

  /** What is noted as under way. */
  async doing(): Promise<Doing | null> {
    return this.holding((row) => Promise.resolve(row.doing));
  }

  /** Notes what is about to be applied, or that nothing is any more. */
  async note(doing: Doing | null): Promise<void> {
    await this.holding(() =>
      this.database.rows('update safeguard.fence set doing = $2 where owner = $1', [this.owner, doing]),
    );
  }
}

function fenced(owner: string, token: FencingToken, held: HeldToken | null): SafeguardError {
  const by = held === null ? 'nobody: its row is gone' : describeToken(held.token);
  return new SafeguardError(
    'MIGRATION_FENCED',
    `The schema of ${owner} is held by ${by}; ${describeToken(token)} may not change it.`,
  );
}

/**
 * SQL for Flyway's `initSql`: names the session first, so that it is found, and then insists that the row holds exactly this token.
 * A Flyway whose worker was lost and which connects late applies nothing.
 */
export function fencingSql(owner: string, token: FencingToken): string {
  assertPlain(owner, token);
  const literal = (text: string): string => pg.escapeLiteral(text);
  const name = literal(sessionName(owner, token));
  const value = literal(JSON.stringify(inFull(token)));
  const holds = `select from safeguard.fence where owner = ${literal(owner)} and token = ${value}::jsonb`;
  const refuse = `raise exception 'SAFEGUARD_FENCED: a newer run has taken this schema over'`;
  return `set application_name = ${name}; do $safeguard$ begin if not exists (${holds}) then ${refuse}; end if; end $safeguard$`;
}
