import { WorkflowNotFoundError } from '@temporalio/client';
import type { Progress } from '../domain/progress.js';
import type { EnvironmentStatus } from '../workflows/messages.js';
import { environmentStatus, runProgress, type Place } from './environments.js';
import { openRuns, successorOf, type RunRef } from './runs.js';
import { isAway, type Session } from './session.js';

/** What can be known of an environment from outside. */
export interface EnvironmentReport {
  readonly place: Place;
  /** `null`: it never had a run that came as far as its queue. */
  readonly status: EnvironmentStatus | null;
  /** Runs that wait for a person. */
  readonly waiting: readonly RunRef[];
  /** Of the run that holds the environment; `null` when none does, or it can't say. */
  readonly progress: Progress | null;
}

async function holderProgress(
  session: Session,
  place: Place,
  status: EnvironmentStatus | null,
): Promise<Progress | null> {
  if (!status?.holder) return null;
  const run = await successorOf(session, place, { ...status.holder, phase: null });
  return runProgress(session, place.application, run.workflowId).catch((error: unknown) => {
    // The page is worth showing without the table: the run may have been deleted, or the worker just gone.
    if (isAway(error) || error instanceof WorkflowNotFoundError) return null;
    throw error;
  });
}

/**
 * Looks at one environment.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED
 */
export async function environmentReport(session: Session, place: Place): Promise<EnvironmentReport> {
  const status = await environmentStatus(session, place);
  const open = await openRuns(session, place);
  return {
    place,
    status,
    waiting: open.filter((run) => run.phase === 'awaiting-approval'),
    progress: await holderProgress(session, place, status),
  };
}
