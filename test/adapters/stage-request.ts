import type { StageRequest } from '../../src/domain/host-protocol.js';

/** A request to stage an archive of so many bytes. */
export function stageRequest(size: number): Omit<StageRequest, 'protocol'> {
  const frontend = {
    kind: 'static' as const,
    artifact: { file: 'frontend.tar.gz', sha256: '0'.repeat(64), size },
    listen: 80,
    serverName: 'campus.test',
    routes: {},
  };
  return {
    application: 'campus',
    environment: 'test',
    operation: 'stage',
    token: { incarnation: 'i', epoch: 1, run: 'r', step: 1, try: 1, attempt: 1 },
    digest: 'd',
    component: 'frontend',
    manifest: { application: 'campus', version: '1.0.0', components: { frontend } },
    secrets: { PASSWORD: 'do-not-show' },
  };
}

const CHUNK = 64 * 1024;

/** An archive of so many chunks, each in the room of the one before. */
export async function* overwritten(chunks: number): AsyncGenerator<Buffer, void> {
  const room = Buffer.alloc(CHUNK);
  for (let chunk = 0; chunk < chunks; chunk += 1) yield await Promise.resolve(room.fill(chunk));
}

/** The same all at once. */
export function inFull(chunks: number): Buffer {
  return Buffer.concat(Array.from({ length: chunks }, (_, chunk) => Buffer.alloc(CHUNK, chunk)));
}
