/**
 * - `ok`: as it has to be
 * - `warning`: works, or can not be judged from here
 * - `missing`: a deployment would fail for it
 */
export type FindingState = 'ok' | 'warning' | 'missing';

/** What was found of one thing that a deployment needs. */
export interface Finding {
  /** Stable name of what was looked at: `node`, `ssh-key`, `workers`, … */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, in a sentence; no secrets. */
  readonly found: string;
  /** What to do; `null`: nothing. */
  readonly advice: string | null;
}

/** All is well. */
export function ok(check: string, found: string): Finding {
  return { check, state: 'ok', found, advice: null };
}

/** Worth a look. */
export function warning(check: string, found: string, advice: string): Finding {
  return { check, state: 'warning', found, advice };
}

/** Has to be mended first. */
export function missing(check: string, found: string, advice: string): Finding {
  return { check, state: 'missing', found, advice };
}
