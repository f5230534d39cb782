import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { attempt, type ProbeOptions } from './attempt.js';
import { overDial, type Dial } from './dial.js';
import { assertTrusted, openTls, type TlsAsk } from './tls.js';

/** Most that a body may have; a health page is small. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface HttpAsk extends ProbeOptions {
  /** With its query, from `/` on. */
  readonly path: string;
  /** `GET` unless told. */
  readonly method?: string;
  /** Value of the Host header; `localhost` unless told. */
  readonly hostName?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Left out: plain HTTP. */
  readonly tls?: TlsAsk;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From before the connection was opened to the body's last byte. */
  readonly ms: number;
}

function send(socket: Duplex, ask: HttpAsk): Promise<IncomingMessage> {
  const { path, method = 'GET', hostName = 'localhost', body = '' } = ask;
  const headers = {
    host: hostName,
    'accept-encoding': 'identity',
    ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...ask.headers,
    connection: 'close',
  };
  return new Promise((resolve, reject) => {
    request({ path, method, headers, createConnection: () => socket }, resolve)
      .on('error', reject)
      .end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  // A few bytes of it may stand for gigabytes.
  if (encoding !== 'identity')
    throw new Error(`the body is compressed (${encoding}), which was not asked for`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the body is larger than ${String(MAX_BODY_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * One request. Resolves for every status, redirections are not followed. Throws NOT_REACHED, PROBE_FAILED (an untrusted certificate
 * included) and what `SshConnections` throws.
 */
export async function httpProbe(dial: Dial, ask: HttpAsk): Promise<HttpAnswer> {
  const started = performance.now();
  const what = `${ask.method ?? 'GET'} ${ask.tls ? 'https' : 'http'}://${dial.place}${ask.path}`;
  return attempt(what, ask, (signal, reached) =>
    overDial(dial, signal, reached, async (socket) => {
      const stream = ask.tls ? assertTrusted(await openTls(socket, ask.tls)) : socket;
      const response = await send(stream, ask);
      const body = await readBody(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        ms: Math.round(performance.now() - started),
      };
    }),
  );
}
