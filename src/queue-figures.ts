import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { QueueFigures } from './adapters/metrics.js';
import type { EnvironmentState } from './domain/environment-state.js';
import { isStale } from './domain/queue.js';
import * as messages from './workflows/messages.js';

/** Less than Prometheus itself waits, in milliseconds. */
const ANSWER_MS = 5_000;

/** Of an environment that nothing was ever deployed to. */
const NOTHING: QueueFigures = { queueLength: 0, lockHeldSeconds: 0, isLockStale: false };

/**
 * What an environment says of its queue.
 * @throws Error when it does not answer in time, or its workflow was ended by somebody
 */
export async function queueFigures(
  client: Client,
  application: string,
  environment: string,
): Promise<QueueFigures> {
  const handle = client.workflow.getHandle(messages.environmentWorkflowId(application, environment));
  try {
    const state = await client.withDeadline(Date.now() + ANSWER_MS, async () => {
      // A workflow that is closed answers queries too, by what it knew last.
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') throw new Error(`${environment} is ${status.name.toLowerCase()}`);
      return handle.query(messages.status);
    });
    return figuresOf(state, Date.now());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return NOTHING;
    throw error;
  }
}

function figuresOf(state: EnvironmentState, now: number): QueueFigures {
  const { holder, queue } = state;
  const heldMs = holder === null ? 0 : now - Date.parse(holder.grantedAt);
  return {
    queueLength: queue.length,
    lockHeldSeconds: Math.max(0, heldMs / 1000),
    isLockStale: isStale(state, now),
  };
}
