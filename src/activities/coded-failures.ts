import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { HostRefused, SafeguardError } from '../domain/errors.js';

/**
 * Turns what an activity throws into a coded failure that Temporal does not retry: real failures are counted by the workflow's
 * own loop. The SDK's own errors (cancellation among them) pass through.
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
    nonRetryable: true,
    details: error instanceof HostRefused ? [{ hostCode: error.hostCode }] : [],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/**
 * For duties that must be done however long it takes, such as writing the record: Temporal itself tries them again.
 * @throws ApplicationFailure, retryable, with the code of what `work` threw
 */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    throw ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: false,
      cause: error,
    });
  }
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
