import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities/index.js';
import type { CampusLab } from './campus-lab.js';

type Marker = NonNullable<
  NonNullable<
    Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']
  >[number]['markerRecordedEventAttributes']
>;

/** Name of the activity that a run carried out in its own task, by the marker that the SDK leaves. */
function localActivity({ markerName, details }: Marker): string | undefined {
  const data = details?.['data']?.payloads?.[0]?.data;
  if (markerName !== 'core_local_activity' || !data) return undefined;
  return (JSON.parse(Buffer.from(data).toString()) as { activity_type?: string }).activity_type;
}

/** Resets a run to right before it first asked for an activity, as the Web UI does; answers the run that goes on. */
export async function resetTo(
  campus: CampusLab,
  run: WorkflowHandle,
  before: keyof Activities,
): Promise<WorkflowHandle> {
  const { workflowService } = campus.client;
  const { namespace } = campus.settings;
  const { events } = await run.fetchHistory();
  const asked = events?.flatMap((event) => {
    const { activityTaskScheduledEventAttributes: scheduled, markerRecordedEventAttributes: marker } = event;
    if (scheduled?.activityType?.name === before) return [scheduled];
    return marker && localActivity(marker) === before ? [marker] : [];
  })[0];
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
