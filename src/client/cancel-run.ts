import { WorkflowNotFoundError } from '@temporalio/client';
import type { Session } from './session.js';

/**
 * Asks Temporal to cancel a run, as its Web UI does: the run brings back what was there, and ends as cancelled. Needs no worker.
 * @returns whether it was still open
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED
 */
export async function cancelRun(session: Session, workflowId: string): Promise<boolean> {
  try {
    await session.call(() => session.client.workflow.getHandle(workflowId).cancel());
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
