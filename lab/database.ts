import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { runInHost } from './guest.js';
import { labDirectory } from './layout.js';
import { waitUntil } from './waiting.js';

/** The databases on db-1; each is owned by the role of the same name. */
export const DATABASES = ['campus_production', 'campus_staging', 'kiosk_demo'] as const;

const HOST = 'db-1';
const AS_POSTGRES = ['runuser', '-u', 'postgres', '--'];
const PSQL = [
  ...AS_POSTGRES,
  'psql',
  '--no-psqlrc',
  '--quiet',
  '--tuples-only',
  '--no-align',
  '--set=ON_ERROR_STOP=1',
];

function secretsFile(lab: string): string {
  return join(labDirectory(lab), 'secrets.env');
}

function secretName(database: string): string {
  return `${database.toUpperCase()}_DB_PASSWORD`;
}

/** The lab's passwords by name, as in its `secrets.env`. */
export async function readSecrets(lab: string): Promise<Record<string, string>> {
  const lines = (await readFile(secretsFile(lab), 'utf8')).split('\n').filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Invents the lab's passwords, unless it has some. */
export async function makeSecrets(lab: string): Promise<void> {
  if (existsSync(secretsFile(lab))) return;
  const lines = DATABASES.map((database) => `${secretName(database)}=${randomBytes(18).toString('hex')}\n`);
  await writeFile(secretsFile(lab), lines.join(''), { mode: 0o600 });
}

async function psql(lab: string, sql: string): Promise<string> {
  // The statements travel on standard input: they hold passwords, and arguments are for everyone to see.
  const { exitCode, stdout, stderr } = await runInHost(lab, HOST, PSQL, { input: sql });
  if (exitCode !== 0) throw new LabError(`PostgreSQL on ${HOST} refused: ${stderr}`);
  return stdout;
}

/** Creates what is missing of the roles and databases on db-1. Returns when PostgreSQL serves them. */
export async function makeDatabases(lab: string): Promise<void> {
  await waitUntil(`PostgreSQL on ${HOST} is ready`, async () => {
    return (await runInHost(lab, HOST, ['pg_isready', '--quiet'])).exitCode === 0;
  });
  const present = new Set((await psql(lab, 'SELECT datname FROM pg_database')).split('\n'));
  const secrets = await readSecrets(lab);
  const statements = DATABASES.filter((database) => !present.has(database)).flatMap((database) => [
    `CREATE ROLE ${database} LOGIN PASSWORD '${secrets[secretName(database)] ?? ''}';`,
    `CREATE DATABASE ${database} OWNER ${database} STRATEGY file_copy;`,
  ]);
  if (statements.length > 0) await psql(lab, statements.join('\n'));
}
