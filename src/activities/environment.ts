import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowContinuedAsNewError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { Stop } from '../adapters/stop.js';
import { SafeguardError } from '../domain/errors.js';
import type { QueuedRun } from '../domain/environment-state.js';
import { STALLED_AFTER_MS, type QueuePosition } from '../domain/queue.js';
import * as messages from '../workflows/messages.js';
import { untilDone } from './coded-failures.js';
import type { Dependencies, Where } from './dependencies.js';
import { HolderProgress } from './holder-progress.js';
import { WATCH_BEAT_MS, withPulse } from './pulse.js';

/** What a run that waits has seen of its place. */
export interface PlaceSeen {
  /** When it looked; ISO 8601, UTC. */
  readonly at: string;
  /** `null`: it had none, and has joined again; left out: the environment did not answer. */
  readonly place?: QueuePosition | null;
}

/** How long an environment may take to say where a run stands, in milliseconds. */
const ANSWER_MS = 5_000;

/**
 * Joins the queue of an environment, whose entity workflow begins with the first run that does. Asked again, it looks where the
 * run stands, and joins only if the environment does not know it any more: somebody may have terminated it, and its queue with it.
 */
export async function enqueue(
  dependencies: Dependencies,
  call: Where & { readonly run: QueuedRun; readonly again?: boolean },
): Promise<PlaceSeen | undefined> {
  if (call.again !== true) {
    await join(dependencies, call);
    return undefined;
  }
  const at = new Date().toISOString();
  const place = await placeOf(dependencies, call);
  if (place === null) await join(dependencies, call);
  return { at, ...(place === undefined ? {} : { place }) };
}

async function join(
  { temporal }: Dependencies,
  { application, environment, run }: Where & { readonly run: QueuedRun },
): Promise<void> {
  const joining = temporal.workflow.signalWithStart('environment', {
    workflowId: messages.environmentWorkflowId(application, environment),
    taskQueue: Context.current().info.taskQueue,
    args: [{ application, environment }],
    typedSearchAttributes: messages.attributes({ application, environment }),
    staticSummary: `Environment ${environment}`,
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

/** `null`: the environment is gone, or does not let the run wait; `undefined`: it did not answer, which says nothing. */
async function placeOf(
  { temporal }: Dependencies,
  { application, environment, run }: Where & { readonly run: QueuedRun },
): Promise<QueuePosition | null | undefined> {
  const handle = temporal.workflow.getHandle(messages.environmentWorkflowId(application, environment));
  try {
    return await temporal.withDeadline(Date.now() + ANSWER_MS, async () => {
      // A workflow that is closed answers queries too, by what it knew last.
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') return null;
      return handle.query(messages.position, run.deploymentId, run.runId);
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    Context.current().log.warn('the environment did not say where the run stands', { error: String(error) });
    return undefined;
  }
}

/** Which holder is watched, and what is known of its progress. */
export interface HolderWatch {
  readonly workflowId: string;
  readonly runId: string;
  /** Since when it makes no progress, where that was told already. */
  readonly stalledSince?: string | null;
  /** For tests; in milliseconds. */
  readonly stalledAfterMs?: number;
  readonly lookEveryMs?: number;
}

/** What a watch over a holder has seen; nothing at all: the holder is closed. */
export type HolderSeen = { readonly stalledSince: string | null } | undefined;

/** Between two looks at the holder's progress, in milliseconds. */
const LOOK_MS = 15_000;

/**
 * Waits, however long it takes, until a run's workflow is closed in whatever way; or until it has made no progress for long, or
 * makes some again.
 */
export async function watchHolder({ temporal }: Dependencies, watch: HolderWatch): Promise<HolderSeen> {
  const { workflowId, runId } = watch;
  return withPulse(async (pulse) => {
    const over = new Stop().with(pulse.signal);
    const handle = temporal.workflow.getHandle(workflowId, runId, { followRuns: false });
    // A long poll that outlives its watch is repeated by the SDK on a connection that may be closed by then, which ends the process.
    const closed = temporal
      .withAbortSignal(over.signal, () => handle.result())
      .then(
        (): HolderSeen => undefined,
        (error: unknown): HolderSeen => {
          if (isClosed(error)) return undefined;
          return unreachable(`The run ${workflowId} can't be watched.`)(error);
        },
      );
    const turned = untilProgressTurns(new HolderProgress(temporal, watch, pulse.say), watch, over.signal);
    try {
      return await untilDone(() => Promise.race([closed, turned, Context.current().cancelled]));
    } finally {
      over.because(new Error('the watch has ended'));
      over.dispose();
    }
  }, WATCH_BEAT_MS);
}

/** Until a holder that went on has stalled, or one that stalled goes on. Never settles when it is told to end. */
async function untilProgressTurns(
  progress: HolderProgress,
  { stalledSince = null, stalledAfterMs = STALLED_AFTER_MS, lookEveryMs = LOOK_MS }: HolderWatch,
  signal: AbortSignal,
): Promise<HolderSeen> {
  for (;;) {
    const movedAt = await progress.movedAt();
    if (signal.aborted) return forever();
    const isStalled = movedAt !== null && Date.now() - movedAt >= stalledAfterMs;
    if (stalledSince === null && isStalled) return { stalledSince: new Date(movedAt).toISOString() };
    if (stalledSince !== null && movedAt !== null && movedAt > Date.parse(stalledSince))
      return isStalled ? { stalledSince: new Date(movedAt).toISOString() } : { stalledSince: null };
    const isOver = await delay(lookEveryMs, false, { signal }).catch(() => true);
    if (isOver) return forever();
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
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
