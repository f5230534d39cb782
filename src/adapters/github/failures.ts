/** What Octokit throws where GitHub, or nobody, answered. Known by its shape: the class is in a package that is not ours. */
interface RequestFailure extends Error {
  readonly status: number;
  /** Missing where nobody answered. */
  readonly response?: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

/**
 * Why GitHub did not give what was asked.
 * - `limited`: asked too often; `seconds` is how long it wants to be left alone
 * - `away`: nobody answered, or something in between is down; `seconds` where it says when to ask again
 * - `answered`: GitHub itself said no
 */
export type Refusal =
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'away'; readonly seconds: number | null; readonly why: string }
  | { readonly kind: 'answered'; readonly status: number; readonly why: string };

/** GitHub asks for at least a minute where it gives no time. */
const UNSAID_SECONDS = 60;

function isRequestFailure(error: unknown): error is RequestFailure {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}

/** Reads what was thrown; `null`: it is none of GitHub's. */
export function refusalOf(error: unknown): Refusal | null {
  if (!isRequestFailure(error)) return null;
  const { status, message: why, response } = error;
  if (!response) return { kind: 'away', seconds: null, why: networkWords(error) };
  const header = (name: string): string | null => {
    const value = response.headers[name];
    return value === undefined ? null : String(value);
  };
  if (isLimited(status, why, header)) return { kind: 'limited', seconds: limitSeconds(header) };
  if (status >= 500) return { kind: 'away', seconds: retryAfter(header), why: `${status} ${why}` };
  return { kind: 'answered', status, why };
}

/** The innermost reason: `fetch` wraps it twice, and its own message says nothing. */
function networkWords(error: Error): string {
  let words = error.message;
  for (let inner = error.cause; isFault(inner); inner = inner.cause) words = inner.code ?? inner.message;
  return words;
}

interface Fault {
  readonly message: string;
  readonly code?: string;
  readonly cause?: unknown;
}

/** By shape: it may come from another realm. */
function isFault(thrown: unknown): thrown is Fault {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown;
}

type Header = (name: string) => string | null;

/** The primary limit says so in a header; the secondary in a header, or in words only. */
function isLimited(status: number, message: string, header: Header): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    header('retry-after') !== null || header('x-ratelimit-remaining') === '0' || /\brate limit/i.test(message)
  );
}

function limitSeconds(header: Header): number {
  const after = retryAfter(header);
  if (after !== null) return after;
  const reset = Number(header('x-ratelimit-reset'));
  if (header('x-ratelimit-remaining') !== '0' || !(reset > 0)) return UNSAID_SECONDS;
  // By GitHub's own clock, which need not be the runner's; both are cut to whole seconds.
  return Math.max(1, Math.ceil(reset - now(header)) + 1);
}

/** Seconds, or, as servers in between may say it, a date. */
function retryAfter(header: Header): number | null {
  const text = header('retry-after');
  if (text === null) return null;
  const seconds = /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000 - now(header);
  return Number.isNaN(seconds) ? null : Math.max(1, Math.ceil(seconds));
}

function now(header: Header): number {
  const date = Date.parse(header('date') ?? '');
  return (Number.isNaN(date) ? Date.now() : date) / 1000;
}
