import { WorkflowNotFoundError } from '@temporalio/client';
import type { Session } from './session.js';

/**
 * Asks Temporal to cancel a run, as its Web UI does: the run brings back what was there, and ends as cancelled. Needs no worker; one
 * that has ended already stays as it is.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED
 */
export async function cancelRun(session: Session, workflowId: string): Promise<void> {
  try {
    await session.call(() => session.client.workflow.getHandle(workflowId).cancel());
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
