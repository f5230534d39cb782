import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { HostRefused, SafeguardError, type ErrorCode } from '../domain/errors.js';

/** Failures of duties that must be done however long it takes; Temporal itself tries these again. */
const TRIED_AGAIN: ReadonlySet<ErrorCode> = new Set(['RECORD_NOT_WRITTEN', 'TEMPORAL_UNREACHABLE']);

/**
 * Turns what an activity throws into a coded failure that Temporal does not retry (real failures are counted by the
 * workflow's own loop), except for duties. The SDK's own errors (cancellation among them) pass through.
 */
export function codedFailure(error: unknown): unknown {
  if (
    error instanceof ApplicationFailure ||
    error instanceof CancelledFailure ||
    error instanceof CompleteAsyncError
  )
    return error;
  const code = error instanceof SafeguardError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: !TRIED_AGAIN.has(code),
    details: error instanceof HostRefused ? [{ hostCode: error.hostCode }] : [],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/** Wraps every activity of a worker. */
export class CodedFailures implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      throw codedFailure(error);
    }
  }
}
