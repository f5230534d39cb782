import { setTimeout as delay } from 'node:timers/promises';
import type { CheckResult } from '../domain/check.js';
import { steadied, type Round } from '../domain/steadiness.js';

/** How long a release that passed has to go on passing, and how often it is asked. */
export interface Settling {
  readonly stabiliseMs: number;
  readonly intervalMs: number;
}

/**
 * Looks again and again until the time to settle is over, or something no longer passes: a service that came up once may fall again.
 * Rejects with the signal's reason.
 */
export async function settled(
  first: readonly CheckResult[],
  { stabiliseMs, intervalMs }: Settling,
  lookAgain: () => Promise<CheckResult[]>,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const rounds: Round[] = [];
  while (elapsed() < stabiliseMs) {
    await delay(Math.min(intervalMs, Math.max(0, stabiliseMs - elapsed())), undefined, { signal });
    const results = await lookAgain();
    rounds.push({ afterMs: elapsed(), results });
    if (results.some(({ verdict }) => verdict !== 'pass')) break;
  }
  return steadied(first, rounds);
}
