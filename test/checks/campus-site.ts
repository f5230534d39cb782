import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Certified } from './certificates.js';

const MEGABYTE = Buffer.alloc(1024 * 1024, 'x');
/** 64 MB in 64 kB. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

function json(value: unknown, status = 200): Answer {
  return (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function sendOn(to: string, status = 302): Answer {
  return (_, response) => response.writeHead(status, { location: to }).end();
}

/** Writes as fast as it is read, until nobody reads any more. */
function pour(times: number): Answer {
  return (_, response) => {
    let left = times;
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= 1;
        if (!response.write(MEGABYTE)) {
          response.once('drain', more);
          return;
        }
      }
      if (left === 0) response.end();
    };
    more();
  };
}

/** What each path answers: as it should, and wrongly in every way. */
const PATHS: Readonly<Record<string, Answer>> = {
  '/': (_, response) => response.end('<h1>Campus</h1>'),
  '/version.txt': (_, response) => response.end('2.0.0\n'),
  '/other-version.txt': (_, response) => response.end('1.0.0\n'),
  '/info': json({ build: { version: '2.0.0', number: 7 } }),
  '/health': json({ status: 'UP', version: '2.0.0' }),
  '/ailing': json({ status: 'DOWN', version: '2.0.0' }, 503),
  '/health-without-version': json({ status: 'ok' }),
  '/silent': () => undefined,
  '/late': (_, response) => setTimeout(() => response.end('late'), 300),
  '/503': json({}, 503),
  '/hang-up': (_, response) => response.write('half', () => response.destroy()),
  '/endless': pour(Number.POSITIVE_INFINITY),
  '/100-megabytes': pour(100),
  '/bomb': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  '/loop': sendOn('/loop'),
  '/home': sendOn('/'),
  '/elsewhere': sendOn('ftp://127.0.0.1/'),
  '/cors': ({ headers }, response) => {
    const allowed = headers.origin === 'https://campus.test';
    response.writeHead(204, allowed ? { 'access-control-allow-origin': 'https://campus.test' } : {}).end();
  },
  '/sign-in': (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { password } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly password: string };
      json(password === 'open-sesame' ? { token: 'tok-4711' } : { denied: password }, 200)(request, response);
    });
  },
  '/me': (request, response) => json({ is: request.headers.authorization })(request, response),
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?')[0] ?? '';
  const found = PATHS[path];
  if (found) found(request, response);
  else response.writeHead(404).end('There is no such page.');
}

/** Real servers on this machine, of which every way to be wrong can be asked. */
export class CampusSite {
  private readonly servers: NetServer[] = [];
  private readonly sockets = new Set<Socket>();

  /** `http://127.0.0.1:port` */
  async plain(on: Answer = answer): Promise<string> {
    return `http://127.0.0.1:${await this.listen(createServer(on))}`;
  }

  /** `https://localhost:port` */
  async secure(certified: Certified): Promise<string> {
    return `https://localhost:${await this.listen(createTlsServer(certified, answer))}`;
  }

  /** A port that accepts connections and never says a word. */
  async silent(): Promise<string> {
    const server = createTcpServer((socket) => this.sockets.add(socket));
    return `127.0.0.1:${await this.listen(server)}`;
  }

  /** Sends every request on to `to`. */
  async sendingOn(to: (request: IncomingMessage) => string, status = 301): Promise<string> {
    return this.plain((request, response) => sendOn(to(request), status)(request, response));
  }

  private async listen(server: NetServer): Promise<number> {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket.on('error', () => socket.destroy()));
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    this.servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = this.servers.map((server) => once(server.close(), 'close'));
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
  }
}
