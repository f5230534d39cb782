import { Context } from '@temporalio/activity';
import { WorkflowContinuedAsNewError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import type { QueuedRun } from '../domain/environment-state.js';
import * as messages from '../workflows/messages.js';
import { untilDone } from './coded-failures.js';
import type { Dependencies, Where } from './dependencies.js';
import { withPulse } from './pulse.js';

/** Joins the queue of an environment, whose entity workflow begins with the first run that does. */
export async function enqueue(
  { temporal }: Dependencies,
  { application, environment, run }: Where & { readonly run: QueuedRun },
): Promise<void> {
  const joining = temporal.workflow.signalWithStart('environment', {
    workflowId: messages.environmentWorkflowId(application, environment),
    taskQueue: Context.current().info.taskQueue,
    args: [{ application, environment }],
    signal: messages.enqueue,
    signalArgs: [run],
  });
  await untilDone(() =>
    joining.catch(unreachable(`The environment ${environment} could not be told of the run.`)),
  );
}

/**
 * Says something to an environment on behalf of the run that this belongs to.
 * @throws SafeguardError TEMPORAL_UNREACHABLE when it does not arrive, also when nobody is there to hear it
 */
export async function inform(
  { temporal }: Dependencies,
  { application, environment, signal, said }: Where & { readonly signal: string; readonly said: unknown },
): Promise<void> {
  const handle = temporal.workflow.getHandle(messages.environmentWorkflowId(application, environment));
  await handle
    .signal(signal, said)
    .catch(unreachable(`The environment ${environment} could not be told (${signal}).`));
}

/** Waits, however long it takes, until a run's workflow is closed in whatever way. */
export async function watchHolder(
  { temporal }: Dependencies,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<void> {
  await withPulse(async () => {
    const handle = temporal.workflow.getHandle(workflowId, runId, { followRuns: false });
    const closed = handle.result().catch((error: unknown) => {
      if (!isClosed(error)) unreachable(`The run ${workflowId} can't be watched.`)(error);
    });
    await untilDone(() => Promise.race([closed, Context.current().cancelled]));
  });
}

function isClosed(error: unknown): boolean {
  return [WorkflowFailedError, WorkflowContinuedAsNewError, WorkflowNotFoundError].some(
    (kind) => error instanceof kind,
  );
}

function unreachable(message: string): (cause: unknown) => never {
  return (cause) => {
    throw new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
  };
}
