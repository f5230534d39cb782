import type { Duplex } from 'node:stream';
import { attempt, NotLetIn, type ProbeOptions } from './attempt.js';
import { overDial, type Dial } from './dial.js';

/** INFO is some 6 kB. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface RedisAsk extends ProbeOptions {
  readonly password?: string | undefined;
}

export interface RedisAnswer {
  /** Fields of INFO: `redis_version`, `role`, `loading`, … */
  readonly info: Readonly<Record<string, string>>;
  readonly ms: number;
}

/** A command in Redis' wire form, which takes any bytes. */
export function redisCommand(...words: readonly string[]): string {
  return `*${String(words.length)}\r\n${words.map((word) => `$${String(Buffer.byteLength(word))}\r\n${word}\r\n`).join('')}`;
}

/**
 * Reads replies one after the other; throws `NotLetIn` for a refused login, and an `Error` for Redis' other errors and for anything
 * that is no reply.
 */
export class RedisReplies {
  #rest: Buffer;

  constructor(answer: Buffer) {
    this.#rest = answer;
  }

  /** The next simple or bulk string. */
  next(): string {
    const line = this.#take(this.#rest.indexOf('\r\n'));
    if (line.startsWith('+')) return line.slice(1);
    if (line.startsWith('-')) throw refusal(line.slice(1, 200));
    if (!/^\$\d+$/.test(line)) throw new Error('the answer is not from a Redis server');
    return this.#take(Number(line.slice(1)));
  }

  #take(length: number): string {
    if (length < 0 || this.#rest.length < length + 2)
      throw new Error('the answer is cut short or not from a Redis server');
    const text = this.#rest.toString('utf8', 0, length);
    this.#rest = this.#rest.subarray(length + 2);
    return text;
  }
}

/** What Redis says of a login that it does not let in, as against what it says of a command. */
const LOGIN_REFUSED = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password)/;

function refusal(message: string): Error {
  return LOGIN_REFUSED.test(message) ? new NotLetIn(message) : new Error(message);
}

/** Reads the `name:value` lines of INFO. */
export function parseRedisInfo(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

async function readAll(socket: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** PING and INFO over plain TCP. Throws NOT_REACHED, PROBE_FAILED and what `SshConnections` throws. */
export async function redisProbe(dial: Dial, ask: RedisAsk = {}): Promise<RedisAnswer> {
  const started = performance.now();
  return attempt(`Redis at ${dial.place}`, ask, (signal, reached) =>
    overDial(dial, signal, reached, async (socket) => {
      const login = ask.password === undefined ? '' : redisCommand('AUTH', ask.password);
      // QUIT makes the server hang up, so that the end of the answer is the end of the stream.
      socket.write(login + redisCommand('PING') + redisCommand('INFO') + redisCommand('QUIT'));
      const replies = new RedisReplies(await readAll(socket));
      if (login !== '') replies.next();
      const pong = replies.next();
      if (pong !== 'PONG') throw new Error(`PING was answered with ${JSON.stringify(pong.slice(0, 50))}`);
      return { info: parseRedisInfo(replies.next()), ms: Math.round(performance.now() - started) };
    }),
  );
}
