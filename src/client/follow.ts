import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { RunKind } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { Progress } from '../domain/progress.js';
import { runProgress } from './environments.js';
import { endOfCompleted, endOfFailed, exitStatuses, type RunEnd } from './run-end.js';
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

type Look = { readonly end: RunEnd } | { readonly end: null };

/** Temporal keeps no details of a cancelled run, but the run itself still answers. */
async function ownWord(
  session: Session,
  { application, workflowId, kind }: Followed,
  end: RunEnd,
): Promise<RunEnd> {
  try {
    const { outcome, message } = await runProgress(session, application, workflowId);
    return outcome === null ? end : { outcome, message, exitStatus: exitStatuses(kind)[outcome] };
  } catch (error) {
    // Only a worker can answer for a run; that it was cancelled is known without one.
    if (isAway(error)) return end;
    throw error;
  }
}

async function endOf(session: Session, followed: Followed): Promise<RunEnd> {
  const handle = session.client.workflow.getHandle<() => Promise<unknown>>(followed.workflowId);
  try {
    return endOfCompleted(await session.call(() => handle.result()), followed.kind);
  } catch (error) {
    const end = endOfFailed(error, followed.kind);
    const isCancelled = error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
    return isCancelled ? ownWord(session, followed, end) : end;
  }
}

async function look(session: Session, followed: Followed, watcher: Watcher): Promise<Look> {
  const { application, workflowId } = followed;
  const handle = session.client.workflow.getHandle(workflowId);
  const { status } = await session.call(() => handle.describe());
  const isOpen = status.name === 'RUNNING';
  try {
    watcher.show(await runProgress(session, application, workflowId));
  } catch (error) {
    // The end of a run can be told without a worker.
    if (isOpen || !isAway(error)) throw error;
  }
  return { end: isOpen ? null : await endOf(session, followed) };
}

function missing(workflowId: string, cause: unknown): SafeguardError {
  return new SafeguardError('RUN_NOT_FOUND', `The server knows no run ${workflowId}.`, { cause });
}

/**
 * Resolves when the run has ended, at that moment and not at the next look. Never otherwise: a server that is away, or anything else
 * that is wrong, is found out by the looks.
 */
async function untilEnded(session: Session, { workflowId }: Followed, signal: AbortSignal): Promise<void> {
  const { client } = session;
  try {
    await client.withAbortSignal(signal, () => client.workflow.getHandle(workflowId).result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) await new Promise(() => undefined);
  }
}

/**
 * Shows a run until it ends, and says how it ended. A server or worker that is away is waited for, however long it takes.
 * @throws SafeguardError RUN_NOT_FOUND, TEMPORAL_DENIED
 */
export async function follow(session: Session, run: Followed, watcher: Watcher): Promise<RunEnd> {
  const over = new AbortController();
  const ended = untilEnded(session, run, over.signal);
  try {
    for (;;) {
      try {
        const { end } = await look(session, run, watcher);
        watcher.trouble(null);
        if (end) return end;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw missing(run.workflowId, error);
        if (!isAway(error)) throw error;
        watcher.trouble(`${error.message} The run goes on without this window; trying again.`);
      }
      await Promise.race([delay(watcher.everyMs, undefined, { signal: over.signal }), ended]);
    }
  } finally {
    over.abort();
    watcher.close();
  }
}
