import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { isErrorCode, SafeguardError } from '../domain/errors.js';
import type { Verification } from '../domain/recovery.js';
import * as messages from '../workflows/messages.js';
import { environmentHandle, environmentStatus, type Place } from './environments.js';
import { Refusal } from './refusal.js';
import { isAway, type Session } from './session.js';

/** A look at every host may take ten minutes; in milliseconds, and some. */
const LOOK_MS = 660_000;

/**
 * Has every host looked at, and lifts the quarantine when they serve one release.
 * @throws SafeguardError QUARANTINE_STANDS with what differs; RUN_NOT_FOUND when the environment never had a run;
 *   TEMPORAL_UNREACHABLE; Refusal with the environment's own words
 */
export async function liftQuarantine(
  session: Session,
  place: Place,
  said: messages.Resolution,
): Promise<Verification> {
  // Asked first: who answers this within seconds has a worker that can look.
  if ((await environmentStatus(session, place)) === null)
    throw new SafeguardError(
      'RUN_NOT_FOUND',
      `${place.environment} never had a deployment; there is nothing to resolve.`,
    );
  const handle = environmentHandle(session, place);
  try {
    return await session.call(() => handle.executeUpdate(messages.resolve, { args: [said] }), LOOK_MS);
  } catch (cause) {
    if (cause instanceof WorkflowUpdateFailedError) throw refusalOf(cause);
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isAway(cause))
      throw new SafeguardError(
        'TEMPORAL_UNREACHABLE',
        `The look at ${place.environment} goes on without an answer; safeguard status ${place.environment} says what comes of it.`,
        { cause },
      );
    throw cause;
  }
}

function refusalOf(failed: WorkflowUpdateFailedError): Error {
  const { cause } = failed;
  const message = cause?.message ?? failed.message;
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type))
    return new SafeguardError(cause.type, message, { cause: failed });
  return new Refusal(message, { cause: failed });
}
