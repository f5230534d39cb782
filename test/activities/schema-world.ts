import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pg from 'pg';
import { buildRelease } from '../../examples/campus/build.js';
import { campusConfig } from '../../examples/campus/config.js';
import { flyway } from '../../setup/flyway.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { migrate } from '../../src/activities/migrate.js';
import { settleSchema, type SchemaReading } from '../../src/activities/settle-schema.js';
import { Flyway } from '../../src/adapters/flyway.js';
import { resolveRelease } from '../../src/adapters/release-directory.js';
import { environmentOf, loadConfig } from '../../src/config/load.js';
import type { FencingToken } from '../../src/domain/host-protocol.js';
import type { Release } from '../../src/domain/release.js';
import { startPostgres, type PostgresServer } from '../adapters/probes/postgres-server.js';

const PLACE = {
  hosts: { 'web-1': '192.0.2.1' },
  ssh: { user: 'deploy', key: 'key', known_hosts: 'known_hosts' },
  backend: 'python',
} as const;
const EMPTY =
  'drop schema if exists safeguard cascade; drop schema public cascade; create schema public; grant all on schema public to campus_production';

/** Activities that fail are what is tested. */
export const QUIET = new DefaultLogger('ERROR');

/** Where an activity is called, beside the release. */
export const WHERE = { application: 'campus', environment: 'production' } as const;

/** A token of one environment; `over` is laid over it. */
export function token(over: Partial<FencingToken> = {}): FencingToken {
  const run = '20260101-120000-abcdef';
  return { incarnation: 'one', epoch: 1, run, step: 5, try: 1, attempt: 1, ...over };
}

/** An activity that was started, and how to stop it as Temporal does. */
export interface Running<T> {
  readonly result: Promise<T>;
  readonly cancel: () => void;
}

/** Waits until `look` says so; the test's own limit ends a wait in vain. */
export async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look()));
}

/** A private PostgreSQL and Flyway, and campus releases to migrate with. */
export class SchemaWorld {
  private readonly clients: pg.Client[] = [];

  private constructor(
    readonly server: PostgresServer,
    readonly directory: string,
    readonly dependencies: Dependencies,
  ) {}

  static async open(): Promise<SchemaWorld> {
    const server = await startPostgres();
    await server.sql('create role campus_production login');
    await server.sql('create database campus_production owner campus_production');
    const directory = await mkdtemp(join(tmpdir(), 'safeguard-schema-'));
    process.env['CAMPUS_DB_PASSWORD'] = 'do-not-show';
    const file = join(directory, 'safeguard.yaml');
    const releases = join(directory, 'releases', '{version}');
    const databaseHost = `127.0.0.1:${String(server.port)}`;
    await writeFile(
      file,
      campusConfig('production', { ...PLACE, databaseHost, releases, records: 'records' }),
    );
    const program = new Flyway(await flyway());
    return new SchemaWorld(server, directory, { config: loadConfig(file), flyway: program } as Dependencies);
  }

  /** As if nothing had ever been migrated. */
  async empty(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.end();
    await this.sql(EMPTY);
  }

  async close(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.end();
    await this.server.stop();
    await rm(this.directory, { recursive: true });
  }

  /** Asks as the superuser. */
  async sql(text: string): Promise<string> {
    const client = await this.connect('postgres');
    try {
      const results = (await client.query({ text, rowMode: 'array' })) as unknown as
        { readonly rows: unknown[][] } | { readonly rows: unknown[][] }[];
      const last = Array.isArray(results) ? results.at(-1) : results;
      return (last?.rows ?? []).map((row) => row.map(String).join('|')).join('\n');
    } finally {
      await client.end();
    }
  }

  /** A session that stays until the test ends. */
  async session(...statements: string[]): Promise<pg.Client> {
    const client = await this.connect('campus_production');
    this.clients.push(client);
    for (const statement of statements) await client.query(statement);
    return client;
  }

  private async connect(user: string): Promise<pg.Client> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.server.port,
      user,
      database: 'campus_production',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Builds a release with schema 1 and further migrations. */
  async release(version: string, migrations: Readonly<Record<string, string>> = {}): Promise<Release> {
    const into = join(this.directory, 'releases');
    await mkdir(into, { recursive: true });
    await buildRelease({ into, version, backend: 'python', schema: 1, migrations });
    return (await resolveRelease(environmentOf(this.dependencies.config, 'production'), version)).release;
  }

  private run<T>(attempt: number, work: () => Promise<T>): Running<T> {
    const environment = new MockActivityEnvironment({ attempt }, { logger: QUIET });
    const result = environment.run<[], T, () => Promise<T>>(work);
    // Awaited later; meanwhile nobody listens.
    result.catch(() => undefined);
    return { result, cancel: () => environment.cancel() };
  }

  migrate(release: Release, { attempt, ...step }: FencingToken = token()): Running<string[]> {
    return this.run(attempt, () => migrate(this.dependencies, { ...WHERE, release, token: step }));
  }

  settle(
    release: Release | null,
    { attempt, ...step }: FencingToken = token({ step: 6 }),
  ): Promise<SchemaReading> {
    const call = { ...WHERE, release, token: step, migrated: true };
    return this.run(attempt, () => settleSchema(this.dependencies, call)).result;
  }

  /** `version:success` of every row of Flyway's history, in order. */
  async history(): Promise<string> {
    const rows = await this.sql(
      `select version || ':' || success from flyway_schema_history order by installed_rank`,
    );
    return rows.replaceAll('\n', ' ');
  }

  /** Sessions that belong to migrations. */
  async sessions(): Promise<string> {
    return this.sql(
      `select application_name from pg_stat_activity where application_name like 'safeguard %' or application_name like 'Flyway%'`,
    );
  }

  /** Waits until a migration's session carries out a statement like this. */
  async untilRunning(statement: string): Promise<void> {
    await until(
      async () =>
        (await this.sql(
          `select count(*) from pg_stat_activity where query ilike '${statement}%' and state = 'active' and application_name like 'safeguard %'`,
        )) !== '0',
    );
  }
}
