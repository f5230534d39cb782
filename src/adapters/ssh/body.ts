import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream';
import type { Stop } from '../stop.js';

/** Bytes that belong to a line and are sent after it. */
export interface Body {
  /** Read once, when it is sent; destroyed when the command has ended. */
  readonly bytes: Readable;
  /** How many there are. */
  readonly size: number;
}

/** A body on its way to a command that stays. */
export class Sending {
  readonly #body: Body;
  readonly #channel: Writable;
  #left: number;

  /** Begins, no faster than the channel takes it. `stop` is told of a body that fails. */
  constructor(body: Body, channel: Writable, stop: Stop) {
    this.#body = body;
    this.#channel = channel;
    this.#left = body.size;
    // `pipe` does not pass on that its source failed: the host would wait for ever.
    finished(body.bytes, { writable: false }, (error) => error && stop.because(error));
    body.bytes.on('data', (chunk: Buffer) => (this.#left -= chunk.length));
    body.bytes.pipe(channel, { end: false });
  }

  /** Sends no more; answers whether all was sent. */
  end(): boolean {
    this.#body.bytes.unpipe(this.#channel);
    return this.#left === 0;
  }
}
