import { SafeguardError } from '../domain/errors.js';
import type { StageRequest } from '../domain/host-protocol.js';
import type { HostAnswer } from './host-answer.js';
import { wereShortLived } from './short-lived.js';

/** What is sent after the line of `stage`; `open` is called once, when the first byte is wanted. */
export interface Archive {
  readonly request: Pick<StageRequest, 'manifest' | 'component'>;
  /** A chunk is good until the next one is asked for. */
  readonly open: () => AsyncIterable<Buffer>;
}

/**
 * The bytes of an archive, never more than the request says: a program that stays would read the rest as its next request. Cut short once
 * the host has refused, so that nobody sends 30 MB to a "no". Fails with RELEASE_CHANGED when there are fewer.
 */
export async function* archiveBytes(archive: Archive, answer: HostAnswer): AsyncGenerator<Buffer, void> {
  const size = archiveSize(archive);
  if (size === 0) return;
  let left = size;
  for await (const chunk of archive.open()) {
    if (answer.ending?.type === 'error') return;
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    yield piece;
    // ssh2 has made packets of it, which are sent.
    wereShortLived(piece.length);
    if (left === 0) return;
  }
  const { component } = archive.request;
  throw new SafeguardError(
    'RELEASE_CHANGED',
    `The archive of ${component} has ${String(left)} of its ${String(size)} bytes less than before`,
  );
}

/** How many bytes the host takes; 0 for a component that is not of the release, which it refuses. */
export function archiveSize({ request: { manifest, component } }: Archive): number {
  return manifest.components[component]?.artifact.size ?? 0;
}
