import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { attempt, type ProbeOptions } from './attempt.js';
import type { Dial } from './dial.js';

/** Most that a body may have; a health page is small. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface HttpAsk extends ProbeOptions {
  /** With its query, from `/` on. */
  readonly path: string;
  /** Value of the Host header; `localhost` unless told. */
  readonly hostName?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From before the connection was opened to the body's last byte. */
  readonly ms: number;
}

function get(socket: Duplex, ask: HttpAsk): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host: ask.hostName ?? 'localhost', ...ask.headers, connection: 'close' };
    request({ path: ask.path, headers, createConnection: () => socket }, resolve)
      .on('error', reject)
      .end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the body is larger than ${String(MAX_BODY_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** GET. Resolves for every status, redirections are not followed. Throws PROBE_FAILED and what `SshConnections` throws. */
export async function httpProbe(dial: Dial, ask: HttpAsk): Promise<HttpAnswer> {
  const started = performance.now();
  return attempt(`GET http://${dial.place}${ask.path}`, ask, async (signal) => {
    const socket = await dial.open(signal);
    const giveUp = (): unknown => socket.destroy();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      const response = await get(socket, ask);
      const body = await readBody(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        ms: Math.round(performance.now() - started),
      };
    } finally {
      socket.destroy();
    }
  });
}
