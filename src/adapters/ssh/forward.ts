import type { Duplex } from 'node:stream';
import type { Channel } from 'ssh2';
import { SafeguardError } from '../../domain/errors.js';
import type { SshConnection } from './connection.js';
import { ForwardedSocket } from './forwarded-socket.js';
import { Stop } from '../stop.js';
import { describeTarget } from './target.js';

export interface ForwardOptions {
  readonly signal?: AbortSignal;
  /** Time for the host to connect; 5 s unless told. */
  readonly timeoutMs?: number;
}

function notOpened(place: string, cause: unknown): SafeguardError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SafeguardError('NOT_REACHED', `${place} does not accept a connection: ${message}`, { cause });
}

/** Opens a TCP connection from the host to `host:port`; see {@link SshConnections.forward} for its errors. */
export async function openForward(
  connection: SshConnection,
  port: number,
  host: string,
  options: ForwardOptions,
): Promise<Duplex> {
  const place = `${host}:${String(port)} on ${describeTarget(connection.target)}`;
  const timeoutMs = options.timeoutMs ?? 5_000;
  const stop = new Stop().with(connection.lost).with(options.signal);
  stop.after(timeoutMs, () => notOpened(place, new Error(`no answer within ${String(timeoutMs)} ms`)));
  const opening = connection.ssh.forwardOut('127.0.0.1', 0, host, port);
  const closeUnwanted = (channel: Channel): void => {
    if (stop.signal.aborted) channel.close();
  };
  opening.then(closeUnwanted, () => {
    // The same rejection is dealt with below.
  });
  const channel = await stop.race(opening.catch((cause: unknown) => Promise.reject(notOpened(place, cause))));
  return new ForwardedSocket(channel, connection.lost);
}
