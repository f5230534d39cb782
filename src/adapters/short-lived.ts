import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_BYTES = 8 * 1024 * 1024;

/** V8's collection of what was made a moment ago; nothing where this version of Node.js does not hand it out. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('globalThis.gc') as ((how: { type: 'minor' }) => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  return () => gc?.({ type: 'minor' });
}

const collect = collector();
let waiting = 0;

/**
 * Says that so many bytes of buffers were made, and are needed no more. Buffers lie outside of V8's heap, so that it sees a few small objects
 * and waits, until at 32 MB of them it goes through all memory of the process. Collecting them early takes a small part of that.
 */
export function wereShortLived(bytes: number): void {
  waiting += bytes;
  if (waiting < EVERY_BYTES) return;
  waiting = 0;
  collect();
}
