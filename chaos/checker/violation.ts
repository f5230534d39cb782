import type { Invariant, Violation } from './types.js';

// Enough to understand it; a whole history helps nobody.
const LONGEST = 2000;

/** A violation with what shows it: a text, or what JSON makes of it. */
export function violation(
  invariant: Invariant,
  host: string | null,
  what: string,
  evidence: unknown,
): Violation {
  const text = typeof evidence === 'string' ? evidence : JSON.stringify(evidence);
  return { invariant, host, what, evidence: text.slice(0, LONGEST) };
}
