import type { ErrorCode } from './errors.js';
import type { HostErrorCode } from './host-protocol.js';

/**
 * How a run ended.
 * - `SUCCEEDED`: every host serves the new release
 * - `NOOP`: every host served it already; nothing was changed
 * - `DRY_RUN`: nothing was to be changed, as asked; the plan says what would be done
 * - `HELD_BACK`: the environment is disabled, paused or frozen: all that changes nothing was done, nothing was changed
 * - `REFUSED`: ended before anything was changed, for the reason given
 * - `REJECTED`: no approval
 * - `WITHDRAWN`: aborted or cancelled before anything was changed
 * - `ROLLED_BACK`: every host serves the committed release again, and it is healthy
 * - `ROLLED_BACK_UNHEALTHY`: every host serves the committed release again, but checks fail: the cause may lie elsewhere
 * - `PARTIAL`: the hosts could not be brought to one release; the environment is quarantined
 */
export type Outcome =
  | 'SUCCEEDED'
  | 'NOOP'
  | 'DRY_RUN'
  | 'HELD_BACK'
  | 'REFUSED'
  | 'REJECTED'
  | 'WITHDRAWN'
  | 'ROLLED_BACK'
  | 'ROLLED_BACK_UNHEALTHY'
  | 'PARTIAL';

/** Exit status of the CLI by outcome; documented in README. */
export const EXIT_STATUS: Readonly<Record<Outcome, number>> = {
  SUCCEEDED: 0,
  NOOP: 0,
  DRY_RUN: 0,
  HELD_BACK: 10,
  REFUSED: 2,
  ROLLED_BACK: 3,
  ROLLED_BACK_UNHEALTHY: 4,
  PARTIAL: 5,
  REJECTED: 6,
  WITHDRAWN: 7,
};

/** The same for what repairs an environment: every host serves the committed release, which is what was asked for. */
export const EXIT_STATUS_OF_RECOVERY: Readonly<Record<Outcome, number>> = { ...EXIT_STATUS, ROLLED_BACK: 0 };

/** Exit status when Temporal can't be reached. */
export const EXIT_UNREACHABLE = 8;

/** Exit status of `verify` when a host or the schema is not as it should be, or nobody knows. */
export const EXIT_DIFFERS = 9;

/** True for outcomes after which the hosts serve another release than the one asked for, or nobody knows. */
export function isRollback(outcome: Outcome): boolean {
  return outcome === 'ROLLED_BACK' || outcome === 'ROLLED_BACK_UNHEALTHY' || outcome === 'PARTIAL';
}

/** Why a run did not go through, as it stands in messages, records and incidents. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence for a person; no secrets. */
  readonly message: string;
  readonly hostCode?: HostErrorCode;
  /** Title of the step in which it happened, and the host where it was one host. */
  readonly step?: string;
  readonly host?: string;
}
