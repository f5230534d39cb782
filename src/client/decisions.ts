import { setTimeout as delay } from 'node:timers/promises';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import type { Decision, RecordedDecision } from '../domain/run.js';
import * as messages from '../workflows/messages.js';
import type { Place } from './environments.js';
import { Refusal } from './refusal.js';
import { openRuns, type RunRef } from './runs.js';
import type { Session } from './session.js';

/** How long the server's list may lag behind a run that has just come to its approval, in milliseconds. */
const LAG_MS = 3_000;
const AGAIN_MS = 300;
/** How long a run may take to judge a decision, in milliseconds. */
const DECISION_MS = 20_000;

/**
 * The one run of an environment that waits for approval.
 * @throws SafeguardError RUN_NOT_FOUND, REQUEST_INVALID when several wait
 */
export async function waitingRun(session: Session, place: Place): Promise<RunRef> {
  const deadline = Date.now() + LAG_MS;
  for (;;) {
    const open = (await openRuns(session, place)).filter(({ kind }) => kind === 'deployment');
    const waiting = open.filter((run) => run.phase === 'awaiting-approval');
    const [run, ...others] = waiting;
    if (run && others.length === 0) return run;
    if (run) throw ambiguous(place, waiting);
    if (open.length === 0 || Date.now() > deadline) throw nothingWaits(place);
    await delay(AGAIN_MS);
  }
}

function ambiguous({ environment }: Place, waiting: readonly RunRef[]): SafeguardError {
  const ids = waiting.map((run) => `${run.deploymentId} (${run.version})`);
  return new SafeguardError(
    'REQUEST_INVALID',
    `Several deployments of ${environment} wait for approval; say which with --id: ${ids.join(', ')}`,
  );
}

function nothingWaits({ environment }: Place): SafeguardError {
  return new SafeguardError('RUN_NOT_FOUND', `No deployment of ${environment} waits for approval.`);
}

/** A plan as people give it: whole, or its beginning as it stands in messages. Anything else is left to the run to refuse. */
export function fullHash(given: string | undefined, atHand: string | null): string | undefined {
  if (given === undefined) return atHand ?? undefined;
  return atHand !== null && given.length >= 8 && atHand.startsWith(given) ? atHand : given;
}

/**
 * Gives a decision to a run and waits for its answer.
 * @throws Refusal with the run's own words; SafeguardError TEMPORAL_UNREACHABLE when nobody answers, RUN_NOT_FOUND
 */
export async function decide(
  session: Session,
  run: RunRef,
  verdict: 'approve' | 'reject',
  decision: Decision,
): Promise<RecordedDecision> {
  const handle = session.client.workflow.getHandle(run.workflowId);
  try {
    return await session.call(
      () => handle.executeUpdate(messages[verdict], { args: [decision] }),
      DECISION_MS,
    );
  } catch (cause) {
    if (cause instanceof WorkflowUpdateFailedError)
      throw new Refusal(cause.cause?.message ?? cause.message, { cause });
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw new SafeguardError(
        'TEMPORAL_UNREACHABLE',
        `Nobody answered within ${DECISION_MS / 1000} s; is a worker running?`,
        { cause },
      );
    if (cause instanceof WorkflowNotFoundError)
      throw new SafeguardError('RUN_NOT_FOUND', `${run.deploymentId} (${run.version}) has ended already.`, {
        cause,
      });
    throw cause;
  }
}
