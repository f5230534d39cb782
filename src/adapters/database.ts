import pg from 'pg';
import { SafeguardError } from '../domain/errors.js';

/** A database, and who logs in. */
export interface DatabaseLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** For one statement that is not told otherwise, and for logging in. */
const STATEMENT_MS = 10_000;
/** The server ends a statement itself; this much later nobody waits for its answer any more. */
const GRACE_MS = 5_000;

/** Answers of PostgreSQL that say: you may not. */
const DENIED = new Set(['28000', '28P01', '42501', '3D000']);
/** The server ended the connection, is starting or stopping, or has no connection left. */
const GONE = /^(?:08...|57P0[1-5]|53300)$/;

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

/** True for an answer of PostgreSQL with this SQLSTATE. */
export function isSqlState(error: unknown, ...states: readonly string[]): boolean {
  const said = error instanceof SafeguardError ? error.cause : error;
  return said instanceof pg.DatabaseError && states.includes(codeOf(said) ?? '');
}

function described({ database, host, port }: DatabaseLogin): string {
  return `PostgreSQL ${database} at ${host}:${String(port)}`;
}

function coded(login: DatabaseLogin, cause: unknown): SafeguardError {
  const words =
    cause instanceof Error && cause.message !== '' ? cause.message : (codeOf(cause) ?? 'no answer');
  const said = `${described(login)}: ${words}`;
  if (!(cause instanceof pg.DatabaseError))
    return new SafeguardError('DATABASE_UNREACHABLE', said, { cause });
  const state = codeOf(cause) ?? '';
  if (DENIED.has(state)) return new SafeguardError('DATABASE_DENIED', said, { cause });
  if (GONE.test(state)) return new SafeguardError('DATABASE_UNREACHABLE', said, { cause });
  return new SafeguardError('MIGRATION_FAILED', said, { cause });
}

/** One connection, whose every statement has a deadline. */
export class Database {
  readonly #client: pg.Client;

  private constructor(
    private readonly login: DatabaseLogin,
    client: pg.Client,
  ) {
    this.#client = client;
  }

  /**
   * Logs in, does the work and logs out.
   * @throws SafeguardError DATABASE_UNREACHABLE: nobody answered, or the connection broke; DATABASE_DENIED; MIGRATION_FAILED: any
   * other answer of PostgreSQL; and what `work` throws
   */
  static async use<T>(login: DatabaseLogin, work: (database: Database) => Promise<T>): Promise<T> {
    const client = new pg.Client({
      ...login,
      keepAlive: true,
      connectionTimeoutMillis: STATEMENT_MS,
      application_name: 'safeguard',
    });
    // The statement under way, or the next one, rejects; without a listener the process would end.
    client.on('error', () => undefined);
    try {
      await client.connect().catch((error: unknown) => {
        throw coded(login, error);
      });
      return await work(new Database(login, client));
    } finally {
      // The answer does not wait for the goodbye, and a broken connection has none.
      client.end().catch(() => undefined);
    }
  }

  /** The rows that one statement answers; `limitMs` bounds it, 10 s unless told. */
  async rows<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    limitMs = STATEMENT_MS,
  ): Promise<Row[]> {
    // The driver knows this limit of a single statement; its types do not.
    const asked: pg.QueryConfig & { readonly query_timeout: number } = {
      text,
      values: [...values],
      query_timeout: limitMs + GRACE_MS,
    };
    try {
      await this.#client.query(`set statement_timeout = ${String(Math.max(1, Math.ceil(limitMs)))}`);
      return (await this.#client.query<Row>(asked)).rows;
    } catch (error) {
      throw coded(this.login, error);
    }
  }

  /** Carries out the work in one transaction; rolled back when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.rows('begin');
    try {
      const result = await work();
      await this.rows('commit');
      return result;
    } catch (error) {
      // A broken connection was rolled back by the server; the first error says more.
      await this.rows('rollback').catch(() => undefined);
      throw error;
    }
  }

  /** A name as a statement for people shows it. */
  get user(): string {
    return pg.escapeIdentifier(this.login.user);
  }

  /** The database's name as a statement for people shows it. */
  get name(): string {
    return pg.escapeIdentifier(this.login.database);
  }
}
