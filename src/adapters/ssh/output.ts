/** Room for the first bytes; it doubles when it is used up. */
const FIRST_ROOM = 4 * 1024;
const LINE_FEED = 0x0a;

/** Bytes in one piece. A list of the packets they came in would cost a hundred times as much for a host that sends them one by one. */
class Bytes {
  #room: Buffer = Buffer.allocUnsafe(FIRST_ROOM);
  #length = 0;

  add(chunk: Buffer): void {
    while (this.#length + chunk.length > this.#room.length) this.#room = doubled(this.#room);
    this.#length += chunk.copy(this.#room, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  text(from = 0, to = this.#length): string {
    return this.#room.toString('utf8', from, to);
  }
}

function doubled(room: Buffer): Buffer {
  const larger = Buffer.allocUnsafe(room.length * 2);
  room.copy(larger);
  return larger;
}

/**
 * What a command wrote, up to a limit, and the lines of its standard output as they come. Each byte is looked at once, whatever the
 * packets, and decoded with its whole line: a character may be cut in two by the packets that carry it.
 */
export class CommandOutput {
  readonly #stdout = new Bytes();
  readonly #stderr = new Bytes();
  readonly #onLine: ((line: string) => void) | undefined;
  #lineStart = 0;
  #room: number;

  /** `maxBytes`: of both streams together. */
  constructor(maxBytes: number, onStdoutLine?: (line: string) => void) {
    this.#room = maxBytes;
    this.#onLine = onStdoutLine;
  }

  get stdout(): string {
    return this.#stdout.text();
  }

  get stderr(): string {
    return this.#stderr.text();
  }

  /** Takes what came; false when the limit is passed, and nothing was taken. */
  add(stream: 'stdout' | 'stderr', chunk: Buffer): boolean {
    this.#room -= chunk.length;
    if (this.#room < 0) return false;
    if (stream === 'stderr') this.#stderr.add(chunk);
    else this.#addLines(chunk);
    return true;
  }

  /** Hands out a last line that no line feed ended. */
  end(): void {
    if (this.#lineStart < this.#stdout.length) this.#handOut(this.#stdout.length);
  }

  #addLines(chunk: Buffer): void {
    const before = this.#stdout.length;
    this.#stdout.add(chunk);
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1))
      this.#handOut(before + at);
  }

  #handOut(lineEnd: number): void {
    const from = this.#lineStart;
    this.#lineStart = lineEnd + 1;
    this.#onLine?.(this.#stdout.text(from, lineEnd));
  }
}
