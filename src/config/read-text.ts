import { closeSync, openSync, readSync } from 'node:fs';
import { SafeguardError } from '../domain/errors.js';

/**
 * The text of a file, a pipe included; `null`: it has more than `mostBytes`, of which no more was read than that.
 * @throws what `node:fs` throws
 */
export function readText(file: string, mostBytes: number): string | null {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    return length > mostBytes ? null : bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

const WHY_UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file.',
  EISDIR: 'it is a directory.',
  EACCES: 'its permissions do not allow it.',
};

/** Nobody writes a larger file of ours by hand: what has more is another file. */
const MOST_BYTES = 256 * 1024;

/**
 * The text of a configuration file that is to be `what`, such as `safeguard.yaml`.
 * @throws SafeguardError CONFIG_INVALID
 */
export function readConfigText(file: string, what: string): string {
  const text = readable(file);
  if (text !== null) return text;
  const most = `${MOST_BYTES / 1024} kB`;
  throw new SafeguardError('CONFIG_INVALID', `${file} has more than ${most}, so it is no ${what}.`);
}

function readable(file: string): string | null {
  try {
    return readText(file, MOST_BYTES);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = WHY_UNREADABLE[code ?? ''] ?? message;
    throw new SafeguardError('CONFIG_INVALID', `${file} can't be read: ${why}`, { cause });
  }
}
