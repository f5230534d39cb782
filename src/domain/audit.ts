import type { ErrorCode } from './errors.js';
import type { Outcome } from './outcome.js';

/** How it is known who did something: a signature that was verified, nobody's proof but their own word, or safeguard itself. */
export type Identity = 'signed' | 'claimed' | 'system';

/** Everything that the trail keeps; `not-kept`: events were lost because the store took none for too long. */
export const AUDIT_ACTIONS = [
  'requested',
  'granted',
  'approved',
  'rejected',
  'aborted',
  'overridden',
  'ended',
  'holder-gone',
  'evicted',
  'resolved',
  'disabled',
  'enabled',
  'paused',
  'resumed',
  'frozen',
  'unfrozen',
  'not-kept',
] as const;

/** A decision or a change, as the audit trail keeps it (I4). Fields that do not apply are `null`. */
export interface AuditEvent {
  /** The same event told twice has the same key, and becomes one line. */
  readonly key: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly identity: Identity;
  readonly action: (typeof AUDIT_ACTIONS)[number];
  readonly reason: string;
  readonly deploymentId: string | null;
  readonly version: string | null;
  readonly commit: string | null;
  readonly planHash: string | null;
  readonly outcome: Outcome | null;
}

/** Whose trail it is: one for each life of an environment. */
export interface TrailPlace {
  readonly application: string;
  readonly environment: string;
  /** The life of the environment that writes it. */
  readonly incarnation: string;
}

/** A line of the trail: the event, its place, and the SHA-256 of the line before it. */
export interface AuditLine extends AuditEvent, TrailPlace {
  readonly schema: 'safeguard/audit/v1';
  /** From 1, without gaps. */
  readonly sequence: number;
  /** SHA-256 of the bytes of the line before, in hexadecimal; of the first line: 64 zeros. */
  readonly previous: string;
}

/** Why lines wait. */
export interface AuditTrouble {
  readonly code: ErrorCode;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** What an environment knows of its trail; it alone assigns sequence numbers. */
export interface AuditHead {
  /** Lines that were kept. */
  readonly sequence: number;
  /** SHA-256 of the last one. */
  readonly hash: string;
  /** Events that are still to be kept, oldest first. */
  readonly outbox: readonly AuditEvent[];
  /** Keys of the newest events, so that one which is told again is known. */
  readonly recent: readonly string[];
  /** The store has not taken what is in the outbox. */
  readonly trouble: AuditTrouble | null;
  /** Events that found the outbox full. */
  readonly overflow: number;
}

/** Of an environment whose trail is empty. */
export const EMPTY_TRAIL: AuditHead = {
  sequence: 0,
  hash: '0'.repeat(64),
  outbox: [],
  recent: [],
  trouble: null,
  overflow: 0,
};
