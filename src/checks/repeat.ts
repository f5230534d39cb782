import { setTimeout as delay } from 'node:timers/promises';
import { Slots } from '../adapters/slots.js';
import type { Observation } from '../domain/check.js';
import { unknown } from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';

/** Looks at once, of all checks that are carried out together. */
const MOST_AT_ONCE = 64;
/** Characters of an observation that are kept. */
const EVIDENCE_CHARACTERS = 300;
/** Characters of an answer's body that are kept. */
const BODY_CHARACTERS = 4096;

/** How often a look is repeated until it finds what it should. */
export interface Patience {
  /** In all. */
  readonly attempts: number;
  readonly intervalMs: number;
}

/** What the last look came to. */
export interface Repeated extends Observation {
  readonly attempts: number;
  /** From the first attempt's beginning to the last one's end, pauses and turns included. */
  readonly durationMs: number;
}

/** Lets looks in, so many at once. */
export function turns(): Slots {
  return new Slots(MOST_AT_ONCE);
}

async function lookOnce(look: () => Promise<Observation>, signal: AbortSignal): Promise<Observation> {
  try {
    return await look();
  } catch (error) {
    if (signal.aborted || !(error instanceof SafeguardError)) throw error;
    // What was reached and did not answer as it should says no; of all else nothing is known.
    return error.code === 'PROBE_FAILED'
      ? { verdict: 'fail', evidence: error.message }
      : unknown(error.message);
  }
}

/**
 * Looks until it passes, or every attempt is used up; `hide` takes secrets out of what was seen before that is cut. Throws the signal's
 * reason, and what is no coded error.
 */
export async function repeated(
  look: () => Promise<Observation>,
  { attempts: most, intervalMs }: Patience,
  slots: Slots,
  signal: AbortSignal,
  hide: (seen: string) => string,
): Promise<Repeated> {
  const started = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    const giveBack = await slots.take(signal);
    const { evidence, body, ...seen } = await lookOnce(look, signal).finally(giveBack);
    if (seen.verdict === 'pass' || attempts >= most) {
      const durationMs = Math.round(performance.now() - started);
      const shown = body === undefined ? {} : { body: hide(body).slice(0, BODY_CHARACTERS) };
      return {
        ...seen,
        ...shown,
        evidence: hide(evidence).slice(0, EVIDENCE_CHARACTERS),
        attempts,
        durationMs,
      };
    }
    await delay(intervalMs, undefined, { signal });
  }
}
