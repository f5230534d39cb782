import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { newDeploymentId } from '../domain/deployment-id.js';
import { isErrorCode, SafeguardError } from '../domain/errors.js';
import type { HealthLook } from '../domain/check.js';
import type { Verification } from '../domain/recovery.js';
import { attributes, lookWorkflowId, taskQueue, type LookKind } from '../workflows/messages.js';
import { environmentStatus, type Place } from './environments.js';
import { resultOf } from './result-of.js';
import type { Session } from './session.js';

/** A look that nobody waits for any more ends by itself. */
const LIMIT = '15 minutes';

/** What each look comes to. */
interface Looks {
  readonly verify: Verification;
  readonly health: HealthLook;
}

const SUMMARY: Readonly<Record<LookKind, string>> = { verify: 'Verify', health: 'Check the health of' };

/**
 * Has every host looked at: compared with the committed release (`verify`), or asked every check of it (`health`). Nothing is changed.
 * @throws SafeguardError RUN_NOT_FOUND when nothing was ever deployed there, TEMPORAL_UNREACHABLE, or what the look itself failed with
 */
export async function lookAt<K extends LookKind>(
  kind: K,
  session: Session,
  place: Place,
  requestedBy: string,
): Promise<Looks[K]> {
  const { application, environment } = place;
  if ((await environmentStatus(session, place)) === null)
    throw new SafeguardError(
      'RUN_NOT_FOUND',
      `Nothing was ever deployed to ${environment}; there is nothing to look at.`,
    );
  const workflowId = lookWorkflowId(kind, environment, newDeploymentId(new Date(), Math.random));
  await session.call(() =>
    session.client.workflow.start(kind, {
      workflowId,
      taskQueue: taskQueue(application),
      args: [{ application, environment, requestedBy }],
      typedSearchAttributes: attributes({ application, environment }),
      staticSummary: `${SUMMARY[kind]} ${environment} for ${requestedBy}`,
      workflowExecutionTimeout: LIMIT,
    }),
  );
  try {
    return (await resultOf(session, place, workflowId)) as Looks[K];
  } catch (error) {
    throw inItsOwnWords(error);
  }
}

function inItsOwnWords(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  const code = cause instanceof ApplicationFailure && isErrorCode(cause.type) ? cause.type : 'INTERNAL';
  return new SafeguardError(code, cause?.message ?? error.message, { cause: error });
}
