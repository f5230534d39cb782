import type { RunKind } from '../domain/environment-state.js';
import type { ApprovalPolicy } from '../domain/policy.js';

/** A signal's description stands in the Web UI's form, where people choose one. */
interface Described {
  readonly description: string;
}

/** Of signals that workflows send each other: the form offers them too. */
export const INTERNAL: Described = { description: 'Not for people: safeguard sends it by itself.' };

/** Of `approve` and `reject` before anybody is asked. */
export const TOO_EARLY: Described = { description: 'Does nothing: no plan waits for approval.' };

/** Of `reject` while a plan waits. */
export const REJECT: Described = {
  description: 'Ends the run before anything is changed: {"by": "NAME", "comment": "WHY"}',
};

/** Of `resolve`, to an environment. */
export const RESOLVE: Described = {
  description: 'Lifts the quarantine if every host is in order: {"by": "NAME", "reason": "WHY"}',
};

/** Of `abort`. */
export function abortOf(kind: RunKind): Described {
  return kind === 'deployment'
    ? { description: 'Stops the run and brings back what served before: {"by": "NAME", "reason": "WHY"}' }
    : { description: `Does nothing: a ${kind} can't be aborted.` };
}

/** Of `approve` while a plan waits. */
export function approveOf({ signatures }: ApprovalPolicy): Described {
  return signatures === 'required'
    ? { description: 'Approvals have to be signed here: use `safeguard approve`.' }
    : { description: 'Approves the plan that waits: {"by": "NAME", "comment": "WHY"}' };
}
