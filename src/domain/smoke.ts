import type { Json } from './canonical-json.js';
import type { Observation, Severity } from './check.js';
import { fail, pass } from './check.js';
import { readPointer } from './json-pointer.js';

/** How much is asked; each level includes those before it (spec S12). */
export const SMOKE_LEVELS = ['essential', 'full', 'extended'] as const;
export type SmokeLevel = (typeof SMOKE_LEVELS)[number];

/** True for a test of level `of` where `asked` is asked for. */
export function isOfLevel(of: SmokeLevel, asked: SmokeLevel): boolean {
  return SMOKE_LEVELS.indexOf(of) <= SMOKE_LEVELS.indexOf(asked);
}

/** What a value has to be; every part that is given has to hold. */
export interface Matcher {
  /** The very value, of the same type. */
  readonly equals?: Json;
  /** A text that has this in it. */
  readonly contains?: string;
  /** A text that this regular expression finds something in. */
  readonly matches?: string;
  /** Whether there is a value at all. */
  readonly present?: boolean;
  /** A number, or a text that reads as one, within these. */
  readonly min?: number;
  readonly max?: number;
}

/** What an answer has to be. */
export interface Expectation {
  readonly status: readonly number[];
  /** By name of the header, lower case. */
  readonly headers: Readonly<Record<string, Matcher>>;
  /** Of the whole body, white space at its ends cut off. */
  readonly body?: Matcher;
  /** By JSON pointer into the body. */
  readonly json: Readonly<Record<string, Matcher>>;
  /** Longest that it may take, redirections included. */
  readonly withinMs?: number;
}

/** An answer, as far as it is judged. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  readonly ms: number;
}

/** Where in an answer a value is taken from. */
export type Source =
  | { readonly json: string }
  | { readonly header: string }
  | { readonly body: string }
  | { readonly text: true };

/** A request; texts may have placeholders such as `{token}`. */
export interface SmokeRequest {
  /** Absolute, or a path below the address that is tested. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent as JSON in place of `body`; made into text once its placeholders are filled, so that no value can be more than a value. */
  readonly json?: unknown;
  /** How many redirections are followed. */
  readonly redirects: number;
}

/** One question of a test. */
export type SmokeProbe =
  | {
      readonly kind: 'http';
      readonly request: SmokeRequest;
      readonly expect: Expectation;
      /** Name → where its value stands, for the tests after it. */
      readonly extract: Readonly<Record<string, Source>>;
    }
  | { readonly kind: 'tls'; readonly url: string; readonly daysLeft: number }
  | { readonly kind: 'https-enforced'; readonly url: string }
  | { readonly kind: 'cors'; readonly url: string; readonly origin: string; readonly allowed: boolean }
  | { readonly kind: 'same'; readonly of: readonly { readonly url: string; readonly at: Source }[] }
  | { readonly kind: 'service'; readonly url: string; readonly version?: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'postgres';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password?: string | undefined;
      /** Over TLS, with a certificate that is trusted. */
      readonly tls: boolean;
      /** At least so many. */
      readonly tables?: number | undefined;
      readonly schemaVersion?: string | undefined;
    }
  | {
      readonly kind: 'redis';
      readonly host: string;
      readonly port: number;
      readonly password?: string | undefined;
      /** Percent of its own limit that its memory must stay below. */
      readonly memoryBelow?: number | undefined;
    };

/** A test as `smoke.yaml` has it. */
export interface SmokeTest {
  readonly name: string;
  readonly level: SmokeLevel;
  readonly severity: Severity;
  readonly probe: SmokeProbe;
  /** Names of the tests that it takes values from. */
  readonly after: readonly string[];
}

/** Takes secrets out of a text. */
export type Hide = (text: string) => string;

const SHOWN = 80;

/** Cut only once nothing secret is in it: half a secret is one, too. */
function shown(value: unknown, hide: Hide): string {
  const text = value === undefined ? 'nothing' : hide(JSON.stringify(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** What is wrong with a value, one phrase each; none: it matches. */
export function mismatches(value: unknown, matcher: Matcher, hide: Hide): string[] {
  const { equals, contains, matches, present, min, max } = matcher;
  const text = typeof value === 'string' ? value : undefined;
  const number = typeof value === 'number' ? value : Number(text?.trim() === '' ? Number.NaN : text);
  return [
    ...(equals !== undefined && JSON.stringify(value) !== JSON.stringify(equals)
      ? [`not ${shown(equals, hide)}`]
      : []),
    ...(contains !== undefined && !text?.includes(contains) ? [`without ${shown(contains, hide)}`] : []),
    ...(matches !== undefined && (text === undefined || !new RegExp(matches).test(text))
      ? [`not of the form /${hide(matches)}/`]
      : []),
    ...(present !== undefined && present !== (value !== undefined)
      ? [present ? 'not there' : 'there, but should not be']
      : []),
    ...(min !== undefined && !(number >= min) ? [`less than ${min}`] : []),
    ...(max !== undefined && !(number <= max) ? [`more than ${max}`] : []),
  ];
}

function headerOf(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name.toLowerCase()];
  return value === undefined ? undefined : [value].flat().join(', ');
}

/** Judges an answer: everything that is wrong with it, or how long it took. */
export function judgeAnswer(expect: Expectation, answer: Answer, hide: Hide): Observation {
  const about = (what: string, value: unknown, matcher: Matcher): string[] =>
    mismatches(value, matcher, hide).map((wrong) => `${what} is ${shown(value, hide)}, ${wrong}`);
  const wrong = [
    ...(expect.status.includes(answer.status)
      ? []
      : [`answered ${answer.status}, expected ${expect.status.join(' or ')}`]),
    ...Object.entries(expect.headers).flatMap(([name, matcher]) =>
      about(`header ${name}`, headerOf(answer, name), matcher),
    ),
    ...(expect.body === undefined ? [] : about('the body', answer.body.trim(), expect.body)),
    ...Object.entries(expect.json).flatMap(([pointer, matcher]) =>
      about(pointer === '' ? 'the JSON' : pointer, readPointer(answer.body, pointer), matcher),
    ),
    ...(expect.withinMs !== undefined && answer.ms > expect.withinMs
      ? [`took ${answer.ms} ms, expected at most ${expect.withinMs} ms`]
      : []),
  ];
  return wrong.length === 0
    ? pass(`${answer.status} in ${answer.ms} ms`)
    : fail(wrong.join('; '), answer.body);
}

/** The value that stands at a place of an answer; `null`: there is none. */
export function valueAt(source: Source, answer: Answer): string | null {
  if ('text' in source) return answer.body.trim();
  if ('header' in source) return headerOf(answer, source.header) ?? null;
  if ('body' in source) return new RegExp(source.body).exec(answer.body)?.[1] ?? null;
  const value = readPointer(answer.body, source.json);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** Judges a certificate at a moment. */
export function judgeCertificate(
  daysLeft: number,
  found: { readonly objection: string | null; readonly validTo: Date; readonly protocol: string },
  now: Date,
): Observation {
  const days = Math.floor((found.validTo.getTime() - now.getTime()) / 86_400_000);
  const until = `valid until ${found.validTo.toISOString().slice(0, 10)} (${days} days), ${found.protocol}`;
  if (found.objection !== null) return fail(`not trusted: ${found.objection}; ${until}`);
  return days < daysLeft ? fail(`${until}; expected at least ${daysLeft} days`) : pass(until);
}

/** Judges whether plain HTTP is sent on to HTTPS of the same host. */
export function judgeHttpsEnforced(url: URL, answer: Answer, hide: Hide): Observation {
  const location = headerOf(answer, 'location');
  if (![301, 302, 307, 308].includes(answer.status) || location === undefined)
    return fail(`plain HTTP answered ${answer.status}, expected a redirection to https`);
  if (!URL.canParse(location, url.href))
    return fail(`plain HTTP is sent on to ${shown(location, hide)}, which is no URL`);
  const to = new URL(location, url.href);
  return to.protocol === 'https:' && to.hostname === url.hostname
    ? pass(`${answer.status} to ${to.origin}`)
    : fail(`plain HTTP is sent on to ${to.origin}, expected https://${url.hostname}`);
}

/** Judges the answer to a preflight request: whether a page of that origin may read the answer. */
export function judgeCors(origin: string, allowed: boolean, answer: Answer, hide: Hide): Observation {
  const granted = headerOf(answer, 'access-control-allow-origin');
  const isGranted = granted === '*' || granted === origin;
  const evidence = `access-control-allow-origin is ${shown(granted, hide)}`;
  return isGranted === allowed
    ? pass(evidence)
    : fail(`${evidence}, expected ${origin} to be ${allowed ? 'allowed' : 'refused'}`);
}

/** Judges values that have to be one and the same. */
export function judgeSame(
  found: readonly { readonly url: string; readonly value: string | null }[],
  hide: Hide,
): Observation {
  const [first] = found;
  const value = first?.value ?? null;
  const isSame = value !== null && found.every((one) => one.value === value);
  return isSame
    ? pass(`${shown(value, hide)} ${found.length} times`)
    : fail(found.map(({ url, value }) => `${url} says ${shown(value ?? undefined, hide)}`).join(', '));
}

/** Judges a service's `/health` (spec S12: `{status, version}`). */
export function judgeService(version: string | undefined, answer: Answer, hide: Hide): Observation {
  const at = (pointer: string): unknown => readPointer(answer.body, pointer);
  const status = at('/status');
  const isUp = typeof status === 'string' && ['up', 'ok', 'healthy', 'pass'].includes(status.toLowerCase());
  const said = `status ${shown(status, hide)}, version ${shown(at('/version'), hide)}`;
  if (answer.status !== 200) return fail(`answered ${answer.status}, expected 200; ${said}`, answer.body);
  if (!isUp) return fail(`${said}; expected status UP`, answer.body);
  if (typeof at('/version') !== 'string') return fail(`${said}; expected a version`, answer.body);
  if (version !== undefined && at('/version') !== version)
    return fail(`${said}; expected ${version}`, answer.body);
  return pass(`${said} in ${answer.ms} ms`);
}

/** What a test came to. */
export interface SmokeResult extends Observation {
  readonly name: string;
  readonly level: SmokeLevel;
  readonly severity: Severity;
  /** 0: it was not asked, because a test before it did not pass. */
  readonly attempts: number;
  readonly durationMs: number;
}

/** Whether every critical test passed. */
export function isWell(results: readonly SmokeResult[]): boolean {
  return results.every(({ severity, verdict }) => severity !== 'critical' || verdict === 'pass');
}
