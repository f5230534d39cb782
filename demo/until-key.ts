import { once } from 'node:events';

/** Waits for a key on a terminal; returns at once anywhere else. */
export async function untilKey(): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  console.log('\nPress any key to take everything down.');
  process.stdin.setRawMode(true);
  process.stdin.resume();
  await once(process.stdin, 'data');
  process.stdin.setRawMode(false);
  process.stdin.pause();
}
