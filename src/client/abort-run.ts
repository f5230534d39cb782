import { WorkflowNotFoundError } from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import * as messages from '../workflows/messages.js';
import type { RunRef } from './runs.js';
import type { Session } from './session.js';

/**
 * Tells a run to stop and to bring back what was there. Needs no worker: the run reads it when there is one.
 * @throws SafeguardError RUN_NOT_FOUND when the run has ended
 */
export async function abortRun(
  session: Session,
  run: RunRef,
  said: { readonly by: string; readonly reason: string },
): Promise<void> {
  const handle = session.client.workflow.getHandle(run.workflowId);
  try {
    await session.call(() => handle.signal(messages.abort, said));
  } catch (cause) {
    if (!(cause instanceof WorkflowNotFoundError)) throw cause;
    throw new SafeguardError(
      'RUN_NOT_FOUND',
      `${run.deploymentId} (${run.version}) has ended already; there is nothing to abort.`,
      { cause },
    );
  }
}
