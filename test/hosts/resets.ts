import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities/index.js';
import type { CampusLab } from './campus-lab.js';

/** Resets a run to right before it first asked for an activity, as the Web UI does; answers the run that goes on. */
export async function resetTo(
  campus: CampusLab,
  run: WorkflowHandle,
  before: keyof Activities,
): Promise<WorkflowHandle> {
  const { workflowService } = campus.client;
  const { namespace } = campus.settings;
  const { events } = await run.fetchHistory();
  const asked = events?.find(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === before,
  )?.activityTaskScheduledEventAttributes;
  const { runId } = await run.describe();
  const { runId: next } = await workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: run.workflowId, runId },
    workflowTaskFinishEventId: asked?.workflowTaskCompletedEventId ?? null,
    reason: 'a test',
    requestId: randomUUID(),
  });
  return campus.client.workflow.getHandle(run.workflowId, next);
}
