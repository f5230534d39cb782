import { fromHere, type Dial } from '../adapters/probes/dial.js';
import { tcpProbe } from '../adapters/probes/tcp.js';
import { tlsProbe } from '../adapters/probes/tls.js';
import { dialOf, tlsOf } from '../adapters/probes/url.js';
import { formsOf, redact } from '../adapters/secrets.js';
import type { Slots } from '../adapters/slots.js';
import { Stop } from '../adapters/stop.js';
import { fillPlaceholders } from '../config/placeholders.js';
import { fail, pass, unknown, type Observation } from '../domain/check.js';
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
  type SmokeResult,
  type SmokeTest,
} from '../domain/smoke.js';
import { SafeguardError } from '../domain/errors.js';
import { repeated, turns, type Patience } from './repeat.js';
import { askWeb, type WebOptions } from './web.js';

/** Smoke tests, and what they are asked of. */
export interface SmokeRun {
  /** `http:` or `https:`; paths of the tests are below it. */
  readonly base: URL;
  readonly tests: readonly SmokeTest[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly patience: Patience;
  /** For one attempt of one test. */
  readonly timeoutMs: number;
  /** Certificates (PEM) that are trusted; left out: those that Node.js trusts. */
  readonly ca?: string | undefined;
  /** The way to a place on the web; left out: from this machine. */
  readonly dial?: (url: URL) => Dial;
  /** Turns that are shared with others who ask at the same time; left out: its own. */
  readonly slots?: Slots;
  /** Takes out what else must not be told. */
  readonly hide?: Hide;
  readonly signal: AbortSignal;
  /** Told each result as it comes. */
  readonly onResult?: (result: SmokeResult) => void;
}

/** A shorter value is in too many texts to be taken out of them. */
const SHORTEST_HIDDEN = 4;

/** Values that tests got from answers, and secrets: filled into requests, and kept out of what is told. */
class Values {
  readonly #values: Map<string, string>;

  constructor(
    secrets: Readonly<Record<string, string>>,
    private readonly hideMore: Hide = (text) => text,
  ) {
    this.#values = new Map(Object.entries(secrets));
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** The probe with every placeholder filled. */
  fill(probe: SmokeProbe): SmokeProbe {
    return fillPlaceholders(probe, Object.fromEntries(this.#values), () => undefined) as SmokeProbe;
  }

  /** Without the values, as they are and as they stand in JSON and in addresses. */
  readonly hide = (text: string): string => {
    const values = [...this.#values.values()].filter((value) => value.length >= SHORTEST_HIDDEN);
    return redact(this.hideMore(text), values.flatMap(formsOf));
  };
}

function absolute(url: string, base: URL): URL {
  // A path is below the address that is tested, whatever that address ends with.
  const whole = url.startsWith('/') ? `${base.href.replace(/\/$/, '')}${url}` : url;
  if (URL.canParse(whole) && /^https?:/.test(whole)) return new URL(whole);
  throw new SafeguardError('PROBE_FAILED', 'What was filled into the address makes it none of the web.');
}

/** What a probe is carried out with. */
interface Asking extends WebOptions {
  readonly base: URL;
  readonly values: Values;
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

async function ask(probe: SmokeProbe, asking: Asking): Promise<Observation> {
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
  }
}

/**
 * Carries out smoke tests all at once; those that take a value from others wait for them, and are `unknown` when there is none.
 * Rejects with the signal's reason only.
 */
export async function smoke(run: SmokeRun): Promise<SmokeResult[]> {
  const { base, patience, timeoutMs, ca } = run;
  // Many listen to it at once, which is no leak.
  const stop = new Stop().with(run.signal);
  const { signal } = stop;
  const values = new Values(run.secrets, run.hide);
  const slots = run.slots ?? turns();
  const asking = {
    base,
    values,
    signal,
    timeoutMs,
    ca,
    ...(run.dial === undefined ? {} : { dial: run.dial }),
  };
  const underWay = new Map<string, Promise<SmokeResult>>();

  const carryOut = async ({ name, level, severity, probe, after }: SmokeTest): Promise<SmokeResult> => {
    const before = await Promise.all(after.flatMap((one) => underWay.get(one) ?? []));
    const missing = before.find(({ verdict }) => verdict !== 'pass');
    const look = (): Promise<Observation> => ask(values.fill(probe), asking);
    const seen = missing
      ? { ...unknown(`not asked: ${missing.name} did not pass`), attempts: 0, durationMs: 0 }
      : await repeated(look, patience, slots, signal, values.hide);
    const result = { name, level, severity, ...seen };
    run.onResult?.(result);
    return result;
  };
  // Those that give a value stand before those that take it.
  for (const test of run.tests) underWay.set(test.name, carryOut(test));
  return Promise.all(underWay.values()).finally(() => stop.dispose());
}
