import { Socket } from 'node:net';
import pg from 'pg';
import { attempt, NotLetIn, type ProbeOptions } from './attempt.js';

export interface PostgresAsk extends ProbeOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string | undefined;
  /** Left out: not over TLS. */
  readonly tls?: { readonly ca: string | undefined } | undefined;
}

export interface PostgresAnswer {
  /** Such as `15.18`. */
  readonly serverVersion: string;
  /** Highest version that `flyway_schema_history` calls successful; `null` without that table or without a row. */
  readonly schemaVersion: string | null;
  /** Number of tables in the schema `public`, Flyway's own included. */
  readonly tables: number;
  readonly ms: number;
}

const FACTS = `select current_setting('server_version') as version,
  (select count(*)::int from pg_tables where schemaname = 'public') as tables,
  to_regclass('public.flyway_schema_history') is not null as history`;

// As numbers: '1.10' comes after '1.9'. Timestamps as versions do not fit an integer.
const SCHEMA_VERSION = `select version from public.flyway_schema_history where success and version is not null
  order by string_to_array(version, '.')::numeric[] desc limit 1`;

/** SQLSTATE classes with which a server lets nobody in: a refused login, no such database, no more connections. */
const NOT_LET_IN = /^(28|3D|53|57P03)/;

async function logIn(client: pg.Client): Promise<void> {
  try {
    await client.connect();
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || !NOT_LET_IN.test(cause.code ?? '')) throw cause;
    throw new NotLetIn(cause.message, { cause });
  }
}

async function look(client: pg.Client): Promise<Omit<PostgresAnswer, 'ms'>> {
  await logIn(client);
  const facts = (await client.query<{ version: string; tables: number; history: boolean }>(FACTS)).rows[0];
  if (!facts) throw new Error('the server answered without a row');
  const newest = facts.history
    ? (await client.query<{ version: string }>(SCHEMA_VERSION)).rows[0]
    : undefined;
  const serverVersion = facts.version.split(' ')[0] ?? facts.version;
  return { serverVersion, schemaVersion: newest?.version ?? null, tables: facts.tables };
}

/** Logs in from this machine and looks. Throws NOT_REACHED and PROBE_FAILED. The password is in no message. */
export async function postgresProbe(ask: PostgresAsk): Promise<PostgresAnswer> {
  const started = performance.now();
  const { host, port, database, user, password, tls, timeoutMs = 5_000 } = ask;
  const what = `PostgreSQL ${database} at ${host}:${String(port)}`;
  return attempt(what, ask, async (signal, reached) => {
    const limits = {
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs,
      query_timeout: timeoutMs,
    };
    const client = new pg.Client({
      host,
      port,
      database,
      user,
      password,
      ...limits,
      // By name or by address, the certificate has to be for it.
      ...(tls === undefined ? {} : { ssl: { host, ca: tls.ca } }),
      application_name: 'safeguard',
      stream: () => new Socket().once('connect', reached),
    });
    const failed = new Promise<never>((_resolve, reject) => {
      // Without a listener a connection that breaks between two queries ends the process.
      client.on('error', reject);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      const found = await Promise.race([look(client), failed]);
      return { ...found, ms: Math.round(performance.now() - started) };
    } finally {
      // The answer does not wait for the goodbye, and a broken connection has none.
      client.end().catch(() => undefined);
    }
  });
}
