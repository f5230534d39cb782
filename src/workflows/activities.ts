import {
  ActivityCancellationType,
  isCancellation,
  log,
  proxyActivities,
  proxyLocalActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { isGoverned } from './versions.js';

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

const patiently = proxyActivities<Pick<Activities, 'enqueue' | 'record' | 'incident' | 'noteAudit'>>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

const inOwnTask = proxyLocalActivities<Pick<Activities, 'enqueue' | 'inform'>>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/**
 * Does a small thing within the workflow's own task, which leaves one event in its history and not six. What does not work at once
 * is done as `otherwise` does it, with all its patience. Only for what may be done twice, and may be done although the run then takes
 * another turn: a task that is lost with its worker is begun again, and by then other signals may have come.
 */
async function atOnce<T>(what: string, now: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  if (!isGoverned()) return otherwise();
  try {
    return await now();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn(`${what} did not work at once`, { error: String(error) });
    return otherwise();
  }
}

/** What must be done, however long it takes: records, incidents, the place in the queue. */
export const duties: Pick<Activities, 'enqueue' | 'record' | 'incident' | 'noteAudit'> = {
  enqueue: (what) =>
    // A look asks the environment, whose worker may be the very one that would keep this task open meanwhile.
    what.again === true
      ? patiently.enqueue(what)
      : atOnce(
          'joining the queue',
          () => inOwnTask.enqueue(what),
          () => patiently.enqueue(what),
        ),
  record: (what) => patiently.record(what),
  incident: (what) => patiently.incident(what),
  noteAudit: (what) => patiently.noteAudit(what),
};

/** Says something to the environment, at once or as `otherwise` does. */
export function inform(
  what: Parameters<Activities['inform']>[0],
  otherwise: () => Promise<void>,
): Promise<void> {
  return atOnce(`telling the environment (${what.signal})`, () => inOwnTask.inform(what), otherwise);
}

/** What somebody waits for who wants to approve a plan: nobody's run, and soon told. */
export const verifications = proxyActivities<Pick<Activities, 'verifyApproval'>>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', backoffCoefficient: 1 },
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
