import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SshConnections } from '../ssh/connections.js';
import type { SshTarget } from '../ssh/target.js';

/** A way to a TCP port, and its name for messages. */
export interface Dial {
  readonly place: string;
  /** Rejects when nothing accepts the connection; the signal ends the attempt. */
  readonly open: (signal: AbortSignal) => Promise<Duplex>;
}

/** From the host itself, so that the port need not be open to anybody else. */
export function throughHost(
  ssh: Pick<SshConnections, 'forward'>,
  target: SshTarget,
  port: number,
  host = '127.0.0.1',
): Dial {
  return {
    place: `${host}:${String(port)} on ${target.name}`,
    open: (signal) => ssh.forward(target, port, host, { signal }),
  };
}

/** From the machine that this runs on. */
export function fromHere(host: string, port: number): Dial {
  return {
    place: `${host}:${String(port)}`,
    open: async (signal) => {
      const socket = createConnection({ host, port, noDelay: true });
      try {
        await once(socket, 'connect', { signal });
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
  };
}

/** Does its work over a connection, which ends with the work, and at once when the signal aborts. `reached` is told when it is open. */
export async function overDial<T>(
  dial: Dial,
  signal: AbortSignal,
  reached: () => void,
  work: (socket: Duplex) => Promise<T>,
): Promise<T> {
  const socket = await dial.open(signal);
  const giveUp = (): unknown => socket.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  reached();
  try {
    return await work(socket);
  } finally {
    socket.destroy();
  }
}
