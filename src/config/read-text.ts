import { closeSync, openSync, readSync } from 'node:fs';

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
