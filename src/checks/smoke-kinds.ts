import { fromHere } from '../adapters/probes/dial.js';
import { tcpProbe } from '../adapters/probes/tcp.js';
import { tlsProbe } from '../adapters/probes/tls.js';
import { dialOf, tlsOf } from '../adapters/probes/url.js';
import { fail, pass, type Observation } from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import {
  judgeAnswer,
  judgeCertificate,
  judgeCors,
  judgeHttpsEnforced,
  judgeSame,
  judgeService,
  valueAt,
  type Hide,
  type SmokeProbe,
} from '../domain/smoke.js';
import { askPostgres, askRedis } from './smoke-stores.js';
import { askWeb, type WebOptions } from './web.js';

/** What a probe is carried out with. */
export interface Asking extends WebOptions {
  /** Paths are below it. */
  readonly base: URL;
  readonly values: {
    /** Told of what an answer gives to other tests. */
    readonly set: (name: string, value: string) => void;
    readonly hide: Hide;
  };
}

function absolute(url: string, base: URL): URL {
  // A path is below the address that is tested, whatever that address ends with.
  const whole = url.startsWith('/') ? `${base.href.replace(/\/$/, '')}${url}` : url;
  if (URL.canParse(whole) && /^https?:/.test(whole)) return new URL(whole);
  throw new SafeguardError('PROBE_FAILED', 'What was filled into the address makes it none of the web.');
}

type Of<K extends SmokeProbe['kind']> = Extract<SmokeProbe, { readonly kind: K }>;

async function askHttp({ request, expect, extract }: Of<'http'>, asking: Asking): Promise<Observation> {
  const { json, ...plain } = request;
  const headers = { 'content-type': 'application/json', ...request.headers };
  const sent = json === undefined ? plain : { ...plain, headers, body: JSON.stringify(json) };
  const answer = await askWeb({ ...sent, url: absolute(request.url, asking.base) }, asking);
  const found = judgeAnswer(expect, answer, asking.values.hide);
  if (found.verdict !== 'pass') return found;
  for (const [name, source] of Object.entries(extract)) {
    const value = valueAt(source, answer);
    if (value === null) return fail(`the answer has no {${name}} where it should be`);
    asking.values.set(name, value);
  }
  return found;
}

async function askCertificate(probe: Of<'tls'>, asking: Asking): Promise<Observation> {
  const url = absolute(probe.url, asking.base);
  if (url.protocol !== 'https:') return fail(`${url.origin} is not served by HTTPS`);
  const { signal, timeoutMs, dial = dialOf } = asking;
  const found = await tlsProbe(dial(url), { ...tlsOf(url, asking.ca), signal, timeoutMs });
  return judgeCertificate(probe.daysLeft, found, new Date());
}

async function askPlainly(probe: Of<'https-enforced'>, asking: Asking): Promise<Observation> {
  const url = absolute(probe.url, asking.base);
  if (url.protocol === 'https:') Object.assign(url, { protocol: 'http:', port: '' });
  return judgeHttpsEnforced(url, await askWeb({ url }, asking), asking.values.hide);
}

async function askAsPage({ url, origin, allowed }: Of<'cors'>, asking: Asking): Promise<Observation> {
  const headers = { origin, 'access-control-request-method': 'GET' };
  const answer = await askWeb({ url: absolute(url, asking.base), method: 'OPTIONS', headers }, asking);
  return judgeCors(origin, allowed, answer, asking.values.hide);
}

async function askEach({ of }: Of<'same'>, asking: Asking): Promise<Observation> {
  const found = of.map(async ({ url, at }) => {
    const answer = await askWeb({ url: absolute(url, asking.base) }, asking);
    return { url, value: answer.status === 200 ? valueAt(at, answer) : null };
  });
  return judgeSame(await Promise.all(found), asking.values.hide);
}

async function askService({ url, version }: Of<'service'>, asking: Asking): Promise<Observation> {
  const answer = await askWeb({ url: absolute(url, asking.base) }, asking);
  return judgeService(version, answer, asking.values.hide);
}

/** Carries out one look, with every placeholder filled. Throws coded errors where it can't be carried out. */
export async function ask(probe: SmokeProbe, asking: Asking): Promise<Observation> {
  switch (probe.kind) {
    case 'http':
      return askHttp(probe, asking);
    case 'tls':
      return askCertificate(probe, asking);
    case 'https-enforced':
      return askPlainly(probe, asking);
    case 'cors':
      return askAsPage(probe, asking);
    case 'same':
      return askEach(probe, asking);
    case 'service':
      return askService(probe, asking);
    case 'tcp':
      return pass(`accepted in ${await tcpProbe(fromHere(probe.host, probe.port), asking)} ms`);
    case 'postgres':
      return askPostgres(probe, asking);
    case 'redis':
      return askRedis(probe, asking);
  }
}
