import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { newDeploymentId } from '../domain/deployment-id.js';
import { isErrorCode, SafeguardError } from '../domain/errors.js';
import type { Verification } from '../domain/recovery.js';
import { attributes, taskQueue, verifyWorkflowId } from '../workflows/messages.js';
import { environmentStatus, type Place } from './environments.js';
import { resultOf } from './result-of.js';
import type { Session } from './session.js';

/** A look that nobody waits for any more ends by itself. */
const LIMIT = '15 minutes';

/**
 * Has every host looked at, and compared with the committed release. Nothing is changed.
 * @throws SafeguardError RUN_NOT_FOUND when nothing was ever deployed there, TEMPORAL_UNREACHABLE, or what the look itself failed with
 */
export async function verification(
  session: Session,
  place: Place,
  requestedBy: string,
): Promise<Verification> {
  const { application, environment } = place;
  if ((await environmentStatus(session, place)) === null)
    throw new SafeguardError(
      'RUN_NOT_FOUND',
      `Nothing was ever deployed to ${environment}; there is nothing to verify.`,
    );
  const workflowId = verifyWorkflowId(environment, newDeploymentId(new Date(), Math.random));
  await session.call(() =>
    session.client.workflow.start('verify', {
      workflowId,
      taskQueue: taskQueue(application),
      args: [{ application, environment, requestedBy }],
      typedSearchAttributes: attributes({ application, environment }),
      staticSummary: `Verify ${environment} for ${requestedBy}`,
      workflowExecutionTimeout: LIMIT,
    }),
  );
  try {
    return (await resultOf(session, place, workflowId)) as Verification;
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
