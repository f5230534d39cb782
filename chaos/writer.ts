import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** In a schema of its own, because the application's belongs to Flyway. */
const TABLE = 'chaos.written';

const MAKE_TABLE = `drop schema if exists chaos cascade; create schema chaos;
create table ${TABLE} (number integer primary key, at timestamptz not null default now())`;
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
    const client = await connected(place);
    await client.query(MAKE_TABLE);
    await client.end();
    return new Writer(place);
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
    await this.forget();
  }

  private async insert(): Promise<void> {
    const id = this.next;
    // A row that was not acknowledged may be there all the same: its id is not used again.
    this.next += 1;
    try {
      this.client ??= await connected(this.place);
      await this.client.query(`insert into ${TABLE} (number) values ($1)`, [id]);
      this.acknowledged.push(id);
    } catch {
      // PostgreSQL is down on purpose now and then; what it has not acknowledged, nobody was promised.
      await this.forget();
    }
  }

  private async forget(): Promise<void> {
    const { client } = this;
    this.client = null;
    // Its connection may be gone already, which is why it is forgotten.
    await client?.end().catch(() => undefined);
  }
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
