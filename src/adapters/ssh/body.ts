import type { Writable } from 'node:stream';
import type { Stop } from '../stop.js';

/** Bytes that belong to a line and are sent after it. */
export interface Body {
  /** Asked for once, when it is sent; a chunk is good until the next one is asked for. Closed when the command has ended. */
  readonly bytes: AsyncGenerator<Buffer, void>;
  /** How many there are. */
  readonly size: number;
}

/** A body on its way to a command that stays. */
export class Sending {
  #left: number;
  #isOver = false;
  /** Ends the wait for a channel that takes nothing any more: it does not say so. */
  #letGo: () => void = () => undefined;

  /** Begins, no faster than the channel takes it. `stop` is told of a body that fails. */
  constructor({ bytes, size }: Body, channel: Writable, stop: Stop) {
    this.#left = size;
    this.#send(bytes, channel).catch((error: unknown) => stop.because(error));
  }

  /** Sends no more; answers whether all was sent. */
  end(): boolean {
    this.#isOver = true;
    this.#letGo();
    return this.#left === 0;
  }

  async #send(bytes: AsyncIterable<Buffer>, channel: Writable): Promise<void> {
    for await (const chunk of bytes) {
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#letGo = resolve;
        channel.write(chunk, (error) => {
          if (error) this.#isOver = true;
          else this.#left -= chunk.length;
          resolve();
        });
      });
    }
  }
}
