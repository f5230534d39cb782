import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

const MIB = 1024 * 1024;
/** Bytes: with less than this a run may not be able to write its record. */
export const NO_ROOM = 64 * MIB;
/** Bytes: less than this is worth a look, since records and forensics of a run are some megabytes. */
export const LITTLE_ROOM = 1024 * MIB;

/** What there is below a directory on this machine. */
export interface Room {
  /** The directory, or the one above it that exists: what is missing is made when it is needed. */
  readonly there: string;
  /** Whether this process may make something there. */
  readonly isWritable: boolean;
  readonly freeBytes: number;
}

async function nearest(directory: string): Promise<string> {
  // That it is not there, or not to be seen, is an answer here.
  const found = await stat(directory).catch(() => null);
  return found === null && directory !== dirname(directory) ? nearest(dirname(directory)) : directory;
}

/** Looks how much room there is below a directory, whether it exists yet or not. */
export async function roomBelow(directory: string): Promise<Room> {
  const there = await nearest(directory);
  const isWritable = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const { bavail, bsize } = await statfs(there);
  return { there, isWritable, freeBytes: bavail * bsize };
}

/** `1234 MiB`, rounded down. */
export function inMib(bytes: number): string {
  return `${Math.floor(bytes / MIB)} MiB`;
}
