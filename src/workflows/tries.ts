import { condition, isCancellation } from '@temporalio/workflow';
import type { Failure } from '../domain/outcome.js';
import { classOf, RETRY } from '../domain/retry.js';
import { coded, failureOf, type Place } from './failures.js';

/** When to stop trying, and how long to wait before the next try. */
export interface Patience {
  /** Milliseconds before the next try; `undefined`: enough. `made` tries have failed so far. */
  next(made: number, failure: Failure): number | undefined;
  /** How many there are at most; left out: as long as there is time. */
  readonly tries?: number;
}

/** What else hangs on the tries of a step. */
export interface Trying {
  /** When it comes true, no further try is made. */
  readonly isOver?: () => boolean;
  /** Told of each try that failed and is followed by another, in a sentence. */
  readonly tell?: (sentence: string) => void;
}

/** The way forward: `tries` in all, a configured delay apart. */
export function counted(tries: number, delaySeconds: number): Patience {
  return {
    tries,
    next(made, failure) {
      const rule = RETRY[classOf(failure.code, failure.hostCode)];
      if (!rule.again || made >= tries) return undefined;
      return rule.delay === 'none' ? 0 : delaySeconds * 1000;
    },
  };
}

/** The way back waits no longer than this between two tries. */
export const LONGEST_DELAY_MS = 30_000;

/** So often the way back tries at least: its clock goes on while there is no worker that could try. */
const LEAST_TRIES = 5;

/** The way back: again and again until a deadline, at growing intervals of at most 30 s. */
export function until(deadline: number, delaySeconds: number): Patience {
  return {
    next(made, failure) {
      if (!RETRY[classOf(failure.code, failure.hostCode)].again) return undefined;
      const delay = Math.min(delaySeconds * 1000 * 2 ** Math.min(made - 1, 10), LONGEST_DELAY_MS);
      return Date.now() + delay < deadline || made < LEAST_TRIES ? delay : undefined;
    },
  };
}

/**
 * Carries out one step on one host (or on none) until it succeeds or patience ends; the number of the try is part of the
 * fencing token and of the name under which the host runs it.
 * @throws ApplicationFailure with the code of the last failure; cancellation passes through as it is
 */
export async function withTries<T>(
  patience: Patience,
  place: Place,
  attempt: (tryNumber: number) => Promise<T>,
  { isOver = () => false, tell }: Trying = {},
): Promise<T> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempt(made);
    } catch (error) {
      if (isCancellation(error)) throw error;
      const failure = failureOf(error, place);
      const delay = patience.next(made, failure);
      if (delay === undefined) throw coded(failure);
      tell?.(describeTry(place, made, patience.tries, delay, failure));
      const summary = [place.host, place.step, `try ${made + 1}`].filter((part) => part).join(': ');
      if (delay > 0 && (await condition(isOver, delay, { summary }))) throw coded(failure);
    }
  }
}

function describeTry(
  { host }: Place,
  made: number,
  tries: number | undefined,
  delay: number,
  { message }: Failure,
): string {
  const which = tries === undefined ? `try ${made}` : `try ${made} of ${tries}`;
  const next = delay === 0 ? 'at once' : `in ${Math.round(delay / 1000)} s`;
  return `${host === undefined ? '' : `${host}, `}${which} failed, the next begins ${next}: ${message}`;
}
