import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { duties } from './activities.js';
import { environmentOf, type Run } from './run.js';
import * as messages from './messages.js';
import { asking } from './trail.js';

/** A run that waits says again that it does, after so many milliseconds. */
const JOIN_AGAIN_MS = 600_000;

/** Joins the environment's queue and waits to be let in. */
export async function takePlace(run: Run): Promise<void> {
  const { deploymentId, version, requestedBy } = run.request;
  const { workflowId, runId } = workflowInfo();
  run.board.enter('queued', `Waiting for ${run.target.environment}.`);
  run.enqueued = true;
  const enqueuedAt = new Date().toISOString();
  do {
    // Not to be cancelled half-way: whoever leaves must be sure that nothing joins after that.
    await CancellationScope.nonCancellable(() =>
      duties.enqueue({
        ...run.target,
        run: {
          kind: run.kind,
          deploymentId,
          version,
          requestedBy,
          workflowId,
          runId,
          enqueuedAt,
          ...asking(run),
        },
      }),
    );
    // Somebody may terminate the environment's workflow, and its queue with it; who has a place keeps it.
  } while (!(await run.granted(JOIN_AGAIN_MS)));
}

/** Gives the place back, to ask for it again later. */
export async function stepBack(run: Run): Promise<void> {
  const { deploymentId } = run.request;
  run.grant = null;
  await environmentOf(run).signal(messages.release, {
    deploymentId,
    runId: workflowInfo().runId,
    outcome: null,
    message: 'the plan changed; approval is asked again',
  });
}
