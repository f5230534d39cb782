import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { isErrorCode } from '../domain/errors.js';
import { HOST_ERROR_CODES, type HostErrorCode } from '../domain/host-protocol.js';
import type { Failure } from '../domain/outcome.js';

/** Where something failed. */
export interface Place {
  readonly step?: string;
  readonly host?: string;
}

function hostCodeOf(failure: ApplicationFailure): { hostCode?: HostErrorCode } {
  const [details] = failure.details ?? [];
  const code = (details as { hostCode?: unknown } | undefined)?.hostCode;
  const hostCode = HOST_ERROR_CODES.find((known) => known === code);
  return hostCode === undefined ? {} : { hostCode };
}

/** Reads what an activity, or our own code, threw. */
export function failureOf(error: unknown, place: Place = {}): Failure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const code = isErrorCode(cause.type) ? cause.type : 'INTERNAL';
    return { code, message: cause.message, ...hostCodeOf(cause), ...place };
  }
  if (cause instanceof TimeoutFailure) return { code: 'STEP_TIMEOUT', message: cause.message, ...place };
  return { code: 'INTERNAL', message: cause instanceof Error ? cause.message : String(cause), ...place };
}

/** A failure thrown inside workflow code, coded like those of activities. */
export function coded(failure: Failure): ApplicationFailure {
  return ApplicationFailure.create({
    message: failure.message,
    type: failure.code,
    nonRetryable: true,
    details: [failure],
  });
}

/** A failure that already knows its step and host keeps them. */
export function placed(error: unknown): Failure | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  const [details] = error.details ?? [];
  const failure = details as Partial<Failure> | undefined;
  return failure && isErrorCode(failure.code) && typeof failure.message === 'string'
    ? (failure as Failure)
    : undefined;
}

/** A run that was reset has nothing to bring back: what it says of hosts is no finding about them. */
export function rethrowReset(error: unknown): void {
  const failure = failureOf(error);
  if (failure.code === 'RUN_WAS_RESET') throw coded(failure);
}
