import type { Dial } from '../adapters/probes/dial.js';
import { httpProbe, type HttpAnswer } from '../adapters/probes/http.js';
import { dialOf, tlsOf } from '../adapters/probes/url.js';
import { SafeguardError } from '../domain/errors.js';

/** A request to a place on the web. */
export interface WebRequest {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How many redirections are followed; none unless told. */
  readonly redirects?: number;
}

/** How places on the web are asked. */
export interface WebOptions {
  readonly signal: AbortSignal;
  /** For the whole of it, redirections included. */
  readonly timeoutMs: number;
  /** Certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string | undefined;
  /** The way there; left out: from this machine. */
  readonly dial?: (url: URL) => Dial;
}

const REDIRECTIONS: readonly number[] = [301, 302, 303, 307, 308];

/** Where an answer sends on to; `null`: nowhere. */
function redirection(from: URL, { status, headers }: HttpAnswer): URL | null {
  if (!REDIRECTIONS.includes(status) || headers.location === undefined) return null;
  const to = URL.canParse(headers.location, from.href) ? new URL(headers.location, from.href) : null;
  if (to?.protocol === 'http:' || to?.protocol === 'https:') return to;
  throw new SafeguardError('PROBE_FAILED', `${from.href} sends on to what is no address of the web.`);
}

/** As browsers do it: after 303, and after 301 and 302 of a POST, the next request is a GET. */
function next(request: WebRequest, { status }: HttpAnswer, to: URL): WebRequest {
  const { method = 'GET', headers = {} } = request;
  const becomesGet = (status === 303 && method !== 'HEAD') || (status <= 302 && method === 'POST');
  // What is meant for one place, a login above all, is nobody else's business.
  const kept = to.origin === request.url.origin ? headers : {};
  if (becomesGet) return { url: to, headers: kept };
  const { body } = request;
  if (body !== undefined && to.origin !== request.url.origin)
    throw new SafeguardError(
      'PROBE_FAILED',
      `${request.url.href} would send what it was sent on to ${to.origin}.`,
    );
  return { url: to, method, headers: kept, ...(body === undefined ? {} : { body }) };
}

/**
 * Asks, and follows redirections as far as is allowed; the last answer counts, its time from the first request on.
 * @throws SafeguardError NOT_REACHED, PROBE_FAILED
 */
export async function askWeb(request: WebRequest, options: WebOptions): Promise<HttpAnswer> {
  const started = performance.now();
  const elapsed = (): number => Math.round(performance.now() - started);
  let asked = request;
  for (let left = request.redirects ?? 0; ; left -= 1) {
    const { url, method = 'GET', headers = {}, body } = asked;
    const answer = await httpProbe((options.dial ?? dialOf)(url), {
      path: `${url.pathname}${url.search}`,
      method,
      hostName: url.host,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(url.protocol === 'https:' ? { tls: tlsOf(url, options.ca) } : {}),
      signal: options.signal,
      timeoutMs: asked === request ? options.timeoutMs : Math.max(1, options.timeoutMs - elapsed()),
    });
    const to = (request.redirects ?? 0) === 0 ? null : redirection(url, answer);
    if (to === null) return { ...answer, ms: elapsed() };
    if (left === 0)
      throw new SafeguardError(
        'PROBE_FAILED',
        `${request.url.href} is sent on more than ${request.redirects ?? 0} times, at last to ${to.href}.`,
      );
    asked = next(asked, answer, to);
  }
}
