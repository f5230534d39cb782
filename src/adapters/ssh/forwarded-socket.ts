import { Duplex } from 'node:stream';
import type { Channel } from 'ssh2';

/**
 * A forwarded channel that behaves like a socket. ssh2's own one does not: `destroy` drops its error and emits
 * nothing, a write after the other side closed never calls back, and a lost connection looks like a regular end.
 */
export class ForwardedSocket extends Duplex {
  readonly #channel: Channel;
  readonly #lost: AbortSignal;
  readonly #onLost = (): void => {
    this.destroy(this.#lost.reason as Error);
  };

  constructor(channel: Channel, lost: AbortSignal) {
    super();
    this.#channel = channel;
    this.#lost = lost;
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => this.push(null));
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('close', () => this.#closed());
    lost.addEventListener('abort', this.#onLost);
    if (lost.aborted) this.#onLost();
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#lost.removeEventListener('abort', this.#onLost);
    this.#channel.destroy();
    done(error);
  }

  /** Only what is still to be written fails; what was received can still be read. */
  #closed(): void {
    if (!this.writableFinished && this.writableLength > 0)
      this.destroy(new Error('the other side closed the connection'));
  }

  // What node:http expects of a socket and a channel does not have.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
