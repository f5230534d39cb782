import { Stop } from '../../adapters/stop.js';
import { SafeguardError, ERRORS, runbook } from '../../domain/errors.js';
import {
  severityOf,
  type PreflightLevel,
  type PreflightName,
  type PreflightResult,
  type PreflightSeen,
} from '../../domain/preflight.js';
import type { EnvironmentConfig } from '../../config/load.js';
import { withoutSecrets } from '../secrets.js';

/** How long one look may take, in milliseconds. */
export const LIMIT_MS = 30_000;
/** The same for what may take as long as it does: gigabytes to read, a GitHub that wants to be waited for, a play of Ansible. */
export const PATIENT_MS = 540_000;
/** Characters of what was found that are kept; and sentences of its details. */
const MOST_CHARACTERS = 500;
const MOST_DETAILS = 50;

/** One thing to look at. */
export interface Item {
  readonly name: PreflightName;
  readonly target: string;
  /** How long it may take, in milliseconds; left out: half a minute. */
  readonly limitMs?: number;
  /** Throws a coded error where it can't say yes. */
  readonly look: (signal: AbortSignal) => Promise<PreflightSeen>;
}

/** It is as it has to be. */
export function yes(found: string, limit?: string): PreflightSeen {
  return { verdict: 'pass', found, ...(limit === undefined ? {} : { limit }) };
}

/** For a look that waits for nothing. */
export function atOnce(look: () => PreflightSeen): Item['look'] {
  return () => Promise.resolve().then(look);
}

class NotLookedAt extends Error {}

/** What another look has to find first; where it does not, this one says only that it depends on it. */
export async function needs<T>(name: PreflightName, first: Promise<T>): Promise<T> {
  return first.catch((cause: unknown) => {
    if (!(cause instanceof SafeguardError)) throw cause;
    throw new NotLookedAt(`not looked at: it needs ${name} first`, { cause });
  });
}

function seenIn(error: unknown): PreflightSeen {
  if (error instanceof NotLookedAt)
    return { verdict: 'unknown', found: error.message, warns: true, advice: 'See what it needs.' };
  if (!(error instanceof SafeguardError)) throw error;
  const { code, message } = error;
  // Who could not be asked has not said no.
  const isUnknown = ERRORS[code].class === 'unreachable' || ERRORS[code].class === 'unknown';
  return { verdict: isUnknown ? 'unknown' : 'fail', found: message, code };
}

/** Looks once, within the time that one look has; what it finds is free of the environment's secrets. Throws the signal's reason. */
export async function judgeItem(
  environment: EnvironmentConfig,
  { name, target, look, limitMs = LIMIT_MS }: Item,
  level: PreflightLevel,
  signal: AbortSignal,
): Promise<PreflightResult> {
  const started = performance.now();
  const late = (): Error => new SafeguardError('STEP_TIMEOUT', `It was not known after ${limitMs / 1000} s.`);
  const stop = new Stop().with(signal).after(limitMs, late);
  const seen = await stop.race(look(stop.signal)).catch((error: unknown) => {
    signal.throwIfAborted();
    return seenIn(error);
  });
  const { verdict, found, limit = null, code = null, warns = false, details = [] } = seen;
  const isGood = verdict === 'pass';
  const kept = (text: string): string => withoutSecrets(environment, text).slice(0, MOST_CHARACTERS);
  return {
    name,
    target,
    severity: warns ? 'warning' : severityOf(name, level),
    verdict,
    found: kept(found),
    limit,
    advice: isGood ? null : (seen.advice ?? ERRORS[code ?? 'PREFLIGHT_FAILED'].advice),
    runbook: isGood ? null : code === null ? 'docs/preflight.md#' + anchor(name) : runbook(code),
    code,
    details: details.slice(0, MOST_DETAILS).map(kept),
    durationMs: Math.round(performance.now() - started),
  };
}

function anchor(name: PreflightName): string {
  return name.replaceAll(' ', '-');
}
