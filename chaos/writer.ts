import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { WRITTEN } from './checker/types.js';

const { table: TABLE, column: COLUMN } = WRITTEN;

const SCHEMA = TABLE.split('.')[0] ?? '';
const DROP_TABLE = `drop schema if exists ${SCHEMA} cascade;`;
const MAKE_TABLE = `${DROP_TABLE} create schema ${SCHEMA};
create table ${TABLE} (${COLUMN} integer primary key, at timestamptz not null default now())`;
const PAUSE_MS = 40;
const TIMEOUT_MS = 2_000;

/** Where the application's database is. */
export interface DatabasePlace {
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Inserts row after row, whatever happens, and remembers what the database has acknowledged. */
export class Writer {
  /** Ids of rows that are there, by the database's own word. */
  readonly acknowledged: number[] = [];
  private isWanted = true;
  private next = 1;
  private client: Client | null = null;
  private readonly ended: Promise<void>;

  private constructor(private readonly place: DatabasePlace) {
    this.ended = this.write();
  }

  /** Makes its table anew, and begins. */
  static async start(place: DatabasePlace): Promise<Writer> {
    await once(place, MAKE_TABLE);
    return new Writer(place);
  }

  /** Takes its table away again. */
  static async forget(place: DatabasePlace): Promise<void> {
    await once(place, DROP_TABLE);
  }

  async stop(): Promise<void> {
    this.isWanted = false;
    await this.ended;
  }

  private async write(): Promise<void> {
    while (this.isWanted) {
      await this.insert();
      await delay(PAUSE_MS);
    }
    await this.disconnect();
  }

  private async insert(): Promise<void> {
    const id = this.next;
    // A row that was not acknowledged may be there all the same: its id is not used again.
    this.next += 1;
    try {
      this.client ??= await connected(this.place);
      await this.client.query(`insert into ${TABLE} (${COLUMN}) values ($1)`, [id]);
      this.acknowledged.push(id);
    } catch {
      // PostgreSQL is down on purpose now and then; what it has not acknowledged, nobody was promised.
      await this.disconnect();
    }
  }

  private async disconnect(): Promise<void> {
    const { client } = this;
    this.client = null;
    // Its connection may be gone already, which is why it is forgotten.
    await client?.end().catch(() => undefined);
  }
}

async function once(place: DatabasePlace, sql: string): Promise<void> {
  const client = await connected(place);
  await client.query(sql);
  await client.end();
}

async function connected({ host, user, password, database }: DatabasePlace): Promise<Client> {
  const client = new Client({
    host,
    user,
    password,
    database,
    application_name: 'chaos writer',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  // Without a listener a connection that breaks between two rows would end this process; the next row tells.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
