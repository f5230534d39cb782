import { TerminatedFailure, TimeoutFailure, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { RunKind } from '../domain/environment-state.js';
import { ERRORS, isErrorCode, type ErrorCode } from '../domain/errors.js';
import type { PreflightReport } from '../domain/preflight.js';
import type { Progress } from '../domain/progress.js';
import { EXIT_STATUS, EXIT_STATUS_OF_RECOVERY, type Outcome } from '../domain/outcome.js';

/** How a run ended, for a person and for a shell. */
export interface RunEnd {
  /** `null`: it was ended from outside, and did not say. */
  readonly outcome: Outcome | null;
  readonly message: string;
  /** Of what failed; left out where nothing did. */
  readonly code?: ErrorCode;
  /** What every host serves; `null` when nothing, or nobody knows; left out where the run did not say. */
  readonly serving?: string | null;
  readonly exitStatus: number;
  /** What its preflight did not find to be as it has to be; left out where there was none. */
  readonly preflight?: PreflightReport;
}

interface Result {
  readonly progress?: Progress;
  readonly preflight?: PreflightReport;
  readonly outcome: Outcome;
  readonly message: string;
  readonly serving?: string | null;
}

function isResult(value: unknown): value is Result {
  if (typeof value !== 'object' || value === null) return false;
  const { outcome, message } = value as Record<string, unknown>;
  return typeof outcome === 'string' && outcome in EXIT_STATUS && typeof message === 'string';
}

function unsaid(message: string, exitStatus = 1): RunEnd {
  return { outcome: null, message, exitStatus };
}

/** Exit status of a run by its outcome: going back is a failure of a deployment, and the purpose of a recovery. */
export function exitStatuses(kind: RunKind): Readonly<Record<Outcome, number>> {
  return kind === 'deployment' ? EXIT_STATUS : EXIT_STATUS_OF_RECOVERY;
}

/** What a completed run returned. */
export function endOfCompleted(returned: unknown, kind: RunKind): RunEnd {
  if (!isResult(returned))
    return unsaid('The run completed, but returned nothing that this version understands.');
  const { outcome, message, serving, preflight } = returned;
  return {
    outcome,
    message,
    exitStatus: exitStatuses(kind)[outcome],
    ...(serving === undefined ? {} : { serving }),
    ...(preflight === undefined ? {} : { preflight }),
  };
}

/** What a run that did not complete says of itself, if it could. */
export function detailOf({ cause }: WorkflowFailedError): unknown {
  return cause instanceof ApplicationFailure || cause instanceof CancelledFailure
    ? cause.details?.[0]
    : undefined;
}

/** How a run looked at last, by its own word; runs of an earlier version don't say it. */
export function progressIn(said: unknown): Progress | undefined {
  return isResult(said) ? said.progress : undefined;
}

function codeOf(cause: Error | undefined): { readonly code?: ErrorCode } {
  return cause instanceof ApplicationFailure && isErrorCode(cause.type) ? { code: cause.type } : {};
}

/**
 * How a run that did not complete ended: its own word where it left one.
 * @throws what it was given, unless that is a workflow's failure
 */
export function endOfFailed(error: unknown, kind: RunKind): RunEnd {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { cause } = error;
  const result = detailOf(error);
  if (isResult(result)) return { ...endOfCompleted(result, kind), ...codeOf(cause) };
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    const isInput = ERRORS[cause.type].class === 'input';
    return unsaid(`${cause.type}: ${cause.message}`, isInput ? 2 : 1);
  }
  if (cause instanceof TerminatedFailure)
    return unsaid('The run was terminated; it could not clean up after itself.');
  if (cause instanceof TimeoutFailure)
    return unsaid('The run was ended by a time-out of the Temporal server.');
  return unsaid(cause?.message ?? error.message);
}
