import { readFile, stat, truncate, writeFile } from 'node:fs/promises';

/** Everything that can be wrong with a release, for demonstrations and tests. */
export const MISBEHAVIOURS = [
  /** Health answers 503 DOWN for ever. */
  'never-healthy',
  /** Health answers 503 DOWN for the first seconds (8). */
  'slow-start',
  /** The backend exits with 1 shortly (0.3 s) after it started; Java: as soon as it is ready. */
  'crash-loop',
  /** The backend reports another version than the release's. */
  'wrong-version',
  /** One more migration, whose SQL fails in the middle. */
  'failing-migration',
  /** backend.tar.gz ends in the middle; its checksum is right. */
  'broken-archive',
  /** backend.tar.gz was altered after its checksum was taken. */
  'wrong-checksum',
  /** Healthy for some seconds (3), DOWN after that. */
  'unhealthy-later',
] as const;
/** Name of one thing that is wrong with a release. */
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

const SECONDS: Readonly<Partial<Record<Misbehaviour, number>>> = {
  'never-healthy': 0,
  'slow-start': 8,
  'crash-loop': 0.3,
  'unhealthy-later': 3,
};

/** Text of `misbehave.txt` beside the backend, for what the backend itself does wrong; otherwise `null`. */
export function misbehaveFile(misbehave: Misbehaviour | undefined, seconds?: number): string | null {
  const usual = misbehave && SECONDS[misbehave];
  return usual === undefined ? null : `${misbehave ?? ''} ${String(seconds ?? usual)}\n`;
}

/** The version in the backend's `version.txt`. */
export function reportedVersion(version: string, misbehave: Misbehaviour | undefined): string {
  return misbehave === 'wrong-version' ? `not-${version}` : version;
}

/** SQL that makes a table and then fails: a migration that is not one transaction would leave the table behind. */
export const FAILING_SQL = `create table half_done (id integer primary key);
insert into half_done (id) values (1);
insert into no_such_table (id) values (1);
create table never_reached (id integer primary key);
`;

/** Cuts a file to half its size. */
export async function cutInHalf(file: string): Promise<void> {
  const { size } = await stat(file);
  await truncate(file, Math.floor(size / 2));
}

/** Changes the last byte of a file; its size stays. */
export async function alterLastByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 0xff;
  await writeFile(file, bytes);
}
