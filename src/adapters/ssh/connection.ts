import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { NodeSSH } from 'node-ssh';
import { SafeguardError } from '../../domain/errors.js';
import { Slots } from '../slots.js';
import { StayingCommands } from './staying-commands.js';
import { describeTarget, type SshLimits, type SshTarget } from './target.js';

/** An open connection to one host. */
export class SshConnection {
  readonly ssh: NodeSSH;
  readonly target: SshTarget;
  readonly sessions: Slots;
  readonly staying: StayingCommands;
  readonly #socket: Socket;
  readonly #lost = new AbortController();

  constructor(ssh: NodeSSH, socket: Socket, target: SshTarget, limits: SshLimits) {
    this.ssh = ssh;
    this.target = target;
    this.sessions = new Slots(limits.maxSessions);
    this.staying = new StayingCommands(limits.stayMs);
    this.#socket = socket;
    setMaxListeners(0, this.#lost.signal);
    this.#listen();
    if (socket.destroyed) this.lose();
    else this.#watchSilence(limits.silenceMs);
  }

  /** Aborted, with a `CONNECTION_LOST`, once the connection has ended for whatever reason. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the connection up. What runs on it is rejected with `CONNECTION_LOST`. */
  lose(cause?: unknown): void {
    if (this.#lost.signal.aborted) return;
    const because = cause instanceof Error ? `: ${cause.message}` : '';
    const text = `The connection to ${describeTarget(this.target)} was lost${because}`;
    this.#lost.abort(new SafeguardError('CONNECTION_LOST', text, { cause }));
    this.#socket.destroy();
  }

  /** Says goodbye and ends the connection. */
  close(): void {
    if (this.#lost.signal.aborted) return;
    this.ssh.dispose();
    this.lose(new Error('closed by this side'));
  }

  #listen(): void {
    const client = this.ssh.connection;
    // 'end' too: node-ssh lets a command resolve, with `code: null`, when the other side hangs up.
    client?.on('end', () => this.lose(new Error('the other side hung up')));
    client?.on('close', () => this.lose(new Error('the connection was closed')));
    client?.on('error', (error) => this.lose(error));
  }

  /**
   * Counts bytes that arrive, not answered keepalives as ssh2 does: on a slow line an answer waits behind
   * megabytes of an upload, while window adjustments keep arriving. Counts ticks, not time, so that a blocked
   * event loop of ours does not look like a silent host.
   */
  #watchSilence(silenceMs: number): void {
    const ticks = 5;
    let seen = this.#socket.bytesRead;
    let silent = 0;
    const timer = setInterval(() => {
      silent = this.#socket.bytesRead === seen ? silent + 1 : 0;
      seen = this.#socket.bytesRead;
      if (silent >= ticks) this.lose(new Error(`no sign of life for ${String(silenceMs / 1000)} s`));
    }, silenceMs / ticks);
    this.#lost.signal.addEventListener('abort', () => clearInterval(timer));
  }
}
