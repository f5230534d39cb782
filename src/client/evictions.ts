import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import type { Eviction } from '../domain/recovery.js';
import * as messages from '../workflows/messages.js';
import type { EnvironmentStatus } from '../workflows/messages.js';
import { environmentHandle, type Place } from './environments.js';
import { Refusal } from './refusal.js';
import { isAway, type Session } from './session.js';

/** How long an environment may take to judge an eviction, in milliseconds. */
const ANSWER_MS = 20_000;

/**
 * Takes a host out of an environment.
 * @throws SafeguardError HOST_UNKNOWN, RUN_NOT_FOUND, TEMPORAL_UNREACHABLE; Refusal with the environment's own words
 */
export async function evictHost(
  session: Session,
  place: Place,
  said: { readonly host: string; readonly by: string; readonly reason: string },
): Promise<Eviction> {
  const handle = environmentHandle(session, place);
  try {
    return await session.call(() => handle.executeUpdate(messages.evict, { args: [said] }), ANSWER_MS);
  } catch (cause) {
    if (cause instanceof WorkflowUpdateFailedError) throw refusalOf(place, cause);
    if (cause instanceof WorkflowNotFoundError)
      throw new SafeguardError(
        'RUN_NOT_FOUND',
        `${place.environment} never had a deployment; there is nothing to evict a host from.`,
        { cause },
      );
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isAway(cause))
      throw unanswered(place, cause);
    throw cause;
  }
}

/** In the environment's words, which begin like this for a host that it does not have. */
function refusalOf({ environment }: Place, failed: WorkflowUpdateFailedError): Error {
  const message = failed.cause?.message ?? failed.message;
  if (message.startsWith('There is no host '))
    return new SafeguardError('HOST_UNKNOWN', message, { cause: failed });
  return new Refusal(
    `${message} safeguard status ${environment} shows which hosts are evicted, and how each comes back in.`,
    { cause: failed },
  );
}

function unanswered({ environment }: Place, cause: Error): SafeguardError {
  return new SafeguardError(
    'TEMPORAL_UNREACHABLE',
    `Nobody answered within ${ANSWER_MS / 1000} s; is a worker running? The host may be evicted all the same: safeguard status ${environment} says.`,
    { cause },
  );
}

/**
 * Sees to it that a host that is to rejoin is one that was evicted.
 * @throws SafeguardError HOST_UNKNOWN with the hosts that are
 */
export function assertEvicted(environment: string, status: EnvironmentStatus | null, host: string): void {
  const evicted = Object.keys(status?.evicted ?? {});
  if (evicted.includes(host)) return;
  throw new SafeguardError(
    'HOST_UNKNOWN',
    `${JSON.stringify(host)} is not evicted from ${environment}; evicted: ${evicted.join(', ') || 'none'}.`,
  );
}
