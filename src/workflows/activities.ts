import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

/**
 * One set of options for every step. A worker that dies is noticed by its missing heartbeat and replaced by Temporal, without
 * limit; a step that fails says so as non-retryable, and the workflow's own loop (`tries.ts`) counts it. Cancellation waits
 * until the activity has really ended: left unset it would be TRY_CANCEL, and the way back would overlap the way forward.
 */
export const STEP_OPTIONS = {
  heartbeatTimeout: '4s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '500ms', backoffCoefficient: 1, maximumInterval: '500ms' },
} as const satisfies ActivityOptions;

/** Steps; each call gives its own time limit and summary. */
export const steps = proxyActivities<Activities>({ ...STEP_OPTIONS, startToCloseTimeout: '1h' });

/** What is of use only now, and is done without when it does not work at once. */
export const attempts = proxyActivities<Pick<Activities, 'forensics'>>({
  ...STEP_OPTIONS,
  startToCloseTimeout: '1m',
  retry: { maximumAttempts: 1 },
});

/** What must be written, however long it takes: records, incidents, the place in the queue. */
export const duties = proxyActivities<Pick<Activities, 'enqueue' | 'record' | 'incident' | 'noteAudit'>>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

/** Lines of the audit trail, which nobody waits for: asked until the given `scheduleToCloseTimeout`, then people are told, and again. */
export const keeping = proxyActivities<Pick<Activities, 'keepAudit'>>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** What goes on beside everything else until it is told to stop: nobody waits for its end. */
export const watching = proxyActivities<Pick<Activities, 'watchHolder' | 'watchHosts' | 'holdLeases'>>({
  startToCloseTimeout: '24h',
  heartbeatTimeout: '4s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 1 },
});
