import type { Invariant, Violation } from './types.js';

/** A violation with what shows it: a text, or what JSON makes of it. */
export function violation(
  invariant: Invariant,
  host: string | null,
  what: string,
  evidence: unknown,
): Violation {
  const text = typeof evidence === 'string' ? evidence : JSON.stringify(evidence);
  return { invariant, host, what, evidence: text };
}
