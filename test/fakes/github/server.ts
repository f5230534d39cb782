import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answers, NOT_FOUND, type Answer } from './answers.js';
import { Judge } from './judge.js';
import { FakeRepository } from './world.js';

/** What a request meets instead of an answer. */
export type Trouble =
  | { readonly kind: 'limit'; readonly resetInSeconds: number }
  | { readonly kind: 'secondary'; readonly retryAfterSeconds: number }
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'html' }
  /** The connection is closed without a word. */
  | { readonly kind: 'reset' }
  /** Nothing is ever answered. */
  | { readonly kind: 'silence' };

/** A request as it came. */
export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly status: number | null;
}

/** Below which a GitHub Enterprise server has its API. */
const ROOT = '/api/v3';

/**
 * A GitHub of our own on loopback: GitHub's own description of its API, trimmed (`description.json`), refuses requests that are
 * not as it says with 422 and paths that it does not have with 404, and judges every answer that is given.
 */
export class FakeGithub {
  repository = new FakeRepository('acme/campus');
  /** Who has another is refused. */
  readonly token = 'ghs_fake_0123456789abcdef';
  /** Told with every answer, as GitHub does of tokens that expire: `2026-12-24 18:00:00 UTC`. */
  tokenExpiry: string | null = null;
  /** Taken one by one, each by the next request. */
  readonly troubles: Trouble[] = [];
  /** Met by every request. */
  always: Trouble | null = null;
  readonly requests: SeenRequest[] = [];
  /** How answers were not as the description says. */
  readonly faults: string[] = [];

  private constructor(
    private readonly judge: Judge,
    private readonly server: Server,
  ) {}

  static async start(): Promise<FakeGithub> {
    const server = createServer();
    const fake = new FakeGithub(new Judge(ROOT), server);
    server.on('request', (request, response) => {
      fake.serve(request, response).catch((error: unknown) => {
        fake.faults.push(String(error));
        response.destroy();
      });
    });
    // The thread takes a second to be there, which no test should have to wait for.
    await fake.judge.answer('repos/get', {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  /** Address of the API. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${ROOT}`;
  }

  /** Everything as in the beginning. Fails when an answer was not as GitHub's would be. */
  reset(): void {
    const faults = this.faults.splice(0);
    this.repository = new FakeRepository('acme/campus');
    this.tokenExpiry = null;
    this.troubles.length = 0;
    this.always = null;
    this.requests.length = 0;
    if (faults.length > 0) throw new Error(`the fake GitHub is wrong: ${faults.join('\n')}`);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
    await this.judge.stop();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const { authorization } = request.headers;
    const note = (status: number | null): void =>
      void this.requests.push({ path: url.pathname.slice(ROOT.length), authorization, status });
    const trouble = this.troubles.shift() ?? this.always;
    if (trouble) {
      note(null);
      meet(trouble, response);
      return;
    }
    const answer =
      authorization === `token ${this.token}`
        ? await this.answer(request, url)
        : { status: 401, body: { message: `Bad credentials: ${authorization ?? 'none'}` } };
    note(answer.status);
    const expiry = this.tokenExpiry;
    send(response, answer, expiry === null ? {} : { 'github-authentication-token-expiration': expiry });
  }

  private async answer({ method = 'GET', headers }: IncomingMessage, url: URL): Promise<Answer> {
    const query = Object.fromEntries(url.searchParams);
    const verdict = await this.judge.request({ method, path: url.pathname, query });
    if (verdict.kind === 'unknown') return NOT_FOUND;
    if (verdict.kind === 'invalid')
      return { status: 422, body: { message: 'Validation Failed', errors: verdict.errors } };
    const handler = answers[verdict.operation];
    if (!handler) throw new Error(`nobody has taught the fake ${verdict.operation}`);
    const given = handler(this.repository, { ...verdict, accept: headers.accept ?? '', url: this.url });
    if (given.status === 200 && given.isUndescribed !== true)
      this.faults.push(...(await this.judge.answer(verdict.operation, given.body)));
    return given;
  }
}

function send(
  response: ServerResponse,
  { status, body, type }: Answer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': `${type ?? 'application/json'}; charset=utf-8`, ...headers });
  response.end(type === undefined ? JSON.stringify(body) : String(body));
}

function meet(trouble: Trouble, response: ServerResponse): void {
  switch (trouble.kind) {
    case 'limit': {
      // Both the clock and the reset are whole seconds, as GitHub's are.
      const reset = Math.floor(Date.now() / 1000) + trouble.resetInSeconds;
      const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
      send(response, { status: 403, body: { message: 'API rate limit exceeded' } }, headers);
      return;
    }
    case 'secondary': {
      send(
        response,
        { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
        { 'retry-after': String(trouble.retryAfterSeconds) },
      );
      return;
    }
    case 'answer': {
      send(response, { status: trouble.status, body: { message: 'trouble' } }, trouble.headers);
      return;
    }
    case 'html': {
      send(response, { status: 200, body: '<html>Sign in to the network</html>', type: 'text/html' });
      return;
    }
    case 'reset':
      response.destroy();
      return;
    case 'silence':
      return;
  }
}
