import type { CheckResult, Observation, SystemdCheck } from './check.js';
import { judged } from './judging.js';

/**
 * Judges a unit: it is active, and not in a loop of crashes (spec S10). systemd counts restarts since somebody started the unit, and
 * knows the time of the last start only; so one that came up longer ago than counts was not restarted since, however often before.
 */
export function judgeUnit(
  { maxRestarts, withinSeconds }: Pick<SystemdCheck, 'maxRestarts' | 'withinSeconds'>,
  unit: { readonly activeState: string; readonly restarts: number; readonly activeForSeconds: number },
): Observation {
  const { activeState, restarts, activeForSeconds } = unit;
  const isLately = withinSeconds === undefined || activeForSeconds < withinSeconds;
  const isLoop = restarts > maxRestarts && isLately;
  const since = restarts === 0 ? '' : `, up for ${Math.round(activeForSeconds)} s`;
  return judged(activeState === 'active' && !isLoop, `${activeState}, ${restarts} restarts${since}`);
}

/** One more round of looks after everything had passed. */
export interface Round {
  /** After the first verdict. */
  readonly afterMs: number;
  readonly results: readonly CheckResult[];
}

/** The first verdicts, where each check that did not pass again in a later round has failed, with what was seen there first (spec S10). */
export function steadied(first: readonly CheckResult[], rounds: readonly Round[]): CheckResult[] {
  const falls = new Map<string, { afterMs: number; result: CheckResult }>();
  for (const { afterMs, results } of rounds)
    for (const result of results)
      if (result.verdict !== 'pass' && !falls.has(keyOf(result)))
        falls.set(keyOf(result), { afterMs, result });
  return first.map((before) => {
    const fall = falls.get(keyOf(before));
    if (before.verdict !== 'pass' || fall === undefined) return before;
    const { verdict, evidence } = fall.result;
    const seconds = Math.round(fall.afterMs / 1000);
    return { ...before, verdict, evidence: `passed, and ${seconds} s later: ${evidence}`.slice(0, 300) };
  });
}

function keyOf({ name, target }: CheckResult): string {
  return JSON.stringify([name, target]);
}
