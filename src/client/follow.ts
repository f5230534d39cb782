import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { RunKind } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { Progress } from '../domain/progress.js';
import { runProgress } from './environments.js';
import { detailOf, endOfCompleted, endOfFailed, exitStatuses, progressIn, type RunEnd } from './run-end.js';
import { isAway, type Session } from './session.js';

/** Whoever shows a run to a person. */
export interface Watcher {
  /** How often it wants a look, in milliseconds. Each one costs a worker an answer. */
  readonly everyMs: number;
  /** Called on every look, also when nothing changed, so that clocks can go on. */
  show(progress: Progress): void;
  /** Why nothing can be seen at the moment; `null`: it can again. */
  trouble(reason: string | null): void;
  /** Nothing more comes. */
  close(): void;
}

/** Which run to follow. */
export interface Followed {
  readonly application: string;
  readonly kind: RunKind;
  readonly workflowId: string;
}

/** A run's end as Temporal keeps it. */
type Settled = { readonly returned: unknown } | { readonly failed: WorkflowFailedError };

/** Waits for it, for ever. Throws what the server says instead. */
async function settled(session: Session, { workflowId }: Followed): Promise<Settled> {
  try {
    return { returned: await session.client.workflow.getHandle(workflowId).result() };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { failed: error };
    throw error;
  }
}

/** Shows the run for the last time. Its end says how it looked; a worker is asked only about one that does not say it. */
async function showEnd(
  session: Session,
  { application, workflowId, kind }: Followed,
  watcher: Watcher,
  last: Settled,
): Promise<RunEnd> {
  const end = 'returned' in last ? endOfCompleted(last.returned, kind) : endOfFailed(last.failed, kind);
  const said = 'returned' in last ? last.returned : detailOf(last.failed);
  const progress =
    progressIn(said) ?? (await whileAnswering(() => runProgress(session, application, workflowId)));
  if (progress) watcher.show(progress);
  // Temporal keeps no details of a cancelled run, but the run itself still answers.
  const isCancelled = 'failed' in last && last.failed.cause instanceof CancelledFailure;
  if (!isCancelled || !progress?.outcome) return end;
  const { outcome, message } = progress;
  return { outcome, message, exitStatus: exitStatuses(kind)[outcome] };
}

/** The end of a run can be told without a worker: `undefined` when none answers. */
async function whileAnswering<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

/** The end, if the run has ended; shows it in either case. */
async function look(session: Session, followed: Followed, watcher: Watcher): Promise<RunEnd | null> {
  const { application, workflowId } = followed;
  const handle = session.client.workflow.getHandle(workflowId);
  const { status } = await session.call(() => handle.describe());
  if (status.name !== 'RUNNING')
    return showEnd(session, followed, watcher, await session.call(() => settled(session, followed)));
  watcher.show(await runProgress(session, application, workflowId));
  return null;
}

function missing(workflowId: string, cause: unknown): SafeguardError {
  return new SafeguardError('RUN_NOT_FOUND', `The server knows no run ${workflowId}.`, { cause });
}

/**
 * Resolves when the run has ended, at that moment and not at the next look. Never otherwise: a server that is away, or anything else
 * that is wrong, is found out by the looks.
 */
async function untilEnded(session: Session, followed: Followed, signal: AbortSignal): Promise<Settled> {
  try {
    return await session.client.withAbortSignal(signal, () => settled(session, followed));
  } catch {
    return new Promise(() => undefined);
  }
}

/**
 * Shows a run until it ends, and says how it ended. A server or worker that is away is waited for, however long it takes.
 * @throws SafeguardError RUN_NOT_FOUND, TEMPORAL_DENIED
 */
export async function follow(session: Session, run: Followed, watcher: Watcher): Promise<RunEnd> {
  const over = new AbortController();
  const ended = untilEnded(session, run, over.signal);
  let last: Settled | undefined;
  try {
    for (;;) {
      try {
        const end = last ? await showEnd(session, run, watcher, last) : await look(session, run, watcher);
        watcher.trouble(null);
        if (end) return end;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw missing(run.workflowId, error);
        if (!isAway(error)) throw error;
        watcher.trouble(`${error.message} The run goes on without this window; trying again.`);
      }
      last ??= await Promise.race([delay(watcher.everyMs, undefined, { signal: over.signal }), ended]);
    }
  } finally {
    over.abort();
    watcher.close();
  }
}
