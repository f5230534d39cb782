import type { Duplex } from 'node:stream';
import { SafeguardError } from '../../domain/errors.js';
import { connect } from './connect.js';
import type { SshConnection } from './connection.js';
import type { ExecOptions, ExecResult } from './call.js';
import { execute } from './exec.js';
import { openForward, type ForwardOptions } from './forward.js';
import { Stop } from '../stop.js';
import { DEFAULT_SSH_LIMITS, type SshLimits, type SshTarget } from './target.js';

interface Entry {
  readonly opening: Promise<SshConnection>;
  users: number;
  idle?: NodeJS.Timeout;
}

function keyOf(target: SshTarget): string {
  return JSON.stringify([
    target.address,
    target.port,
    target.user,
    target.privateKeyFile,
    target.knownHostsFile,
    target.name,
  ]);
}

/**
 * The connections of this process: one a host, opened when needed, shared, and dropped on any error or when idle.
 * Every method may throw HOST_UNREACHABLE, HOST_KEY_UNKNOWN, HOST_KEY_MISMATCH and LOGIN_REFUSED (nothing was
 * carried out), CONNECTION_LOST (it may have been), or the reason of the caller's signal.
 */
export class SshConnections {
  readonly #limits: SshLimits;
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  constructor(limits: Partial<SshLimits> = {}) {
    this.#limits = { ...DEFAULT_SSH_LIMITS, ...limits };
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Runs a command, each argument passed literally. Resolves for every exit status.
   * Also throws HOST_TIMEOUT and HOST_OUTPUT_TOO_LARGE, and what `stdin`, `body` or `onStdoutLine` failed with.
   */
  async exec(target: SshTarget, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    try {
      return await this.#exec(target, argv, options);
    } finally {
      // Whatever happened: nobody reads from it any more, and it may hold a file open.
      if (typeof options.stdin === 'object') options.stdin.destroy();
      // It may be reading just now: nobody waits for that, nor needs what it comes to.
      options.body?.bytes.return().catch(() => undefined);
    }
  }

  /** A TCP connection from the host to `host:port`. Also throws NOT_REACHED when nothing accepts it there. */
  async forward(
    target: SshTarget,
    port: number,
    host = '127.0.0.1',
    options: ForwardOptions = {},
  ): Promise<Duplex> {
    const { connection, release } = await this.#acquire(target, options.signal);
    try {
      const socket = await openForward(connection, port, host, options);
      socket.once('close', release);
      return socket;
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Opens the connection to a host that is about to be needed, and does not wait for it: a login takes a host a good part of a
   * second. What goes wrong is told to whoever needs it, by a try of their own.
   */
  anticipate(target: SshTarget): void {
    if (this.#closed) return;
    this.#acquire(target).then(
      ({ release }) => release(),
      () => undefined,
    );
  }

  /** Ends all connections; what runs on them is rejected with CONNECTION_LOST. Nothing can be opened afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = [...this.#entries.values()].map((entry) => {
      clearTimeout(entry.idle);
      // Who asked for a connection that could not be opened has been told.
      return entry.opening.then((connection) => connection.close()).catch(() => undefined);
    });
    await Promise.all(ended);
  }

  async #exec(target: SshTarget, argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const { connection, release } = await this.#acquire(target, options.signal);
    try {
      const leave = await this.#enter(connection, options.signal);
      try {
        return await execute(connection, argv, options);
      } finally {
        leave();
      }
    } finally {
      release();
    }
  }

  async #acquire(
    target: SshTarget,
    signal?: AbortSignal,
  ): Promise<{ connection: SshConnection; release: () => void }> {
    if (this.#closed) throw new SafeguardError('INTERNAL', 'The connections were already closed');
    const key = keyOf(target);
    const entry = this.#entries.get(key) ?? this.#open(key, target);
    clearTimeout(entry.idle);
    entry.users += 1;
    const release = (): void => this.#release(entry);
    try {
      return { connection: await new Stop().with(signal).race(entry.opening), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #open(key: string, target: SshTarget): Entry {
    const entry: Entry = { opening: connect(target, this.#limits), users: 0 };
    const remove = (): void => {
      clearTimeout(entry.idle);
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    this.#entries.set(key, entry);
    entry.opening.then((connection) => {
      connection.lost.addEventListener('abort', remove);
      if (connection.lost.aborted) remove();
    }, remove);
    return entry;
  }

  #release(entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0 || this.#closed) return;
    entry.idle = setTimeout(() => {
      // An entry whose opening failed is gone already.
      entry.opening.then((connection) => connection.close()).catch(() => undefined);
    }, this.#limits.idleMs).unref();
  }

  /** Waits for a place among the commands that run on this connection at once. */
  async #enter(connection: SshConnection, signal?: AbortSignal): Promise<() => void> {
    const stop = new Stop().with(connection.lost).with(signal);
    try {
      return await connection.sessions.take(stop.signal);
    } finally {
      stop.dispose();
    }
  }
}
