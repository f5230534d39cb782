import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A TCP proxy on loopback that can misbehave. */
export interface FaultyNetwork {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** Ends every connection with a reset. */
  readonly reset: () => void;
  /** Ends every connection in the regular way. */
  readonly hangUp: () => void;
  /** From now on no byte passes, and nobody is told. */
  readonly silence: () => void;
  /** From now on at most so many bytes per 20 ms pass towards the server, on each new connection. */
  readonly slow: (bytes: number) => void;
  readonly stop: () => Promise<void>;
}

function throttle(bytesPerTick: () => number): Transform {
  return new Transform({
    highWaterMark: 16 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      const wait = bytesPerTick() === Infinity ? 0 : (chunk.length / bytesPerTick()) * 20;
      void (wait === 0 ? Promise.resolve() : delay(wait, undefined, { ref: false })).then(() =>
        done(null, chunk),
      );
    },
  });
}

/** Starts a proxy to a port of loopback. */
export async function startFaultyNetwork(to: number): Promise<FaultyNetwork> {
  const pairs: (readonly [Socket, Socket])[] = [];
  let rate = Infinity;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = createConnection({ host: '127.0.0.1', port: to });
    pairs.push([near, far]);
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    near.pipe(throttle(() => rate)).pipe(far);
    far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const each = (action: (socket: Socket) => void): void => pairs.flat().forEach(action);
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => pairs.length,
    reset: () => each((socket) => socket.resetAndDestroy()),
    hangUp: () => each((socket) => socket.end()),
    silence: () => each((socket) => socket.unpipe().pause()),
    slow: (bytes) => void (rate = bytes),
    stop: async () => {
      each((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
