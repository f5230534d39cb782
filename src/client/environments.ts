import { WorkflowNotFoundError } from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import type { Progress } from '../domain/progress.js';
import * as messages from '../workflows/messages.js';
import type { EnvironmentStatus } from '../workflows/messages.js';
import { grpcStatus, isAway, type Session } from './session.js';

export type { EnvironmentStatus };

/** An environment of an application, as commands speak of it. */
export interface Place {
  readonly application: string;
  readonly environment: string;
}

/** How long a worker may take to answer a question, in milliseconds. */
const QUERY_MS = 5_000;

async function asked<T>(session: Session, application: string, question: () => Promise<T>): Promise<T> {
  try {
    return await session.call(question, QUERY_MS);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    if (!isAway(error) && grpcStatus(error) === undefined) throw error;
    const queue = messages.taskQueue(application);
    throw new SafeguardError(
      'TEMPORAL_UNREACHABLE',
      `No worker answers on task queue ${queue} (safeguard worker runs one), or Temporal at ${session.settings.address} is away.`,
      { cause: error },
    );
  }
}

/**
 * What an environment says of itself; `null` when nothing was ever deployed to it.
 * @throws SafeguardError TEMPORAL_UNREACHABLE when neither server nor worker answers in time
 */
export async function environmentStatus(session: Session, place: Place): Promise<EnvironmentStatus | null> {
  const handle = environmentHandle(session, place);
  try {
    return await asked(session, place.application, () => handle.query(messages.status));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** What an environment says of itself; `undefined` when no worker is there to give its word. */
export function statusIfAnswered(
  session: Session,
  place: Place,
): Promise<EnvironmentStatus | null | undefined> {
  return environmentStatus(session, place).catch((error: unknown) => {
    // What a person needs when all workers are away must work without them.
    if (isAway(error)) return undefined;
    throw error;
  });
}

/** The environment's entity workflow. */
export function environmentHandle(session: Session, { application, environment }: Place) {
  return session.client.workflow.getHandle(messages.environmentWorkflowId(application, environment));
}

/**
 * Where a run is.
 * @throws SafeguardError TEMPORAL_UNREACHABLE; WorkflowNotFoundError
 */
export function runProgress(session: Session, application: string, workflowId: string): Promise<Progress> {
  const handle = session.client.workflow.getHandle(workflowId);
  return asked(session, application, () => handle.query(messages.progress));
}

/**
 * Looks whether a worker is there that can carry a workflow on; the SDK itself answers this query in every workflow.
 * @throws SafeguardError TEMPORAL_UNREACHABLE
 */
export async function assertAnswers(
  session: Session,
  application: string,
  workflowId: string,
): Promise<void> {
  const handle = session.client.workflow.getHandle(workflowId);
  await asked(session, application, () => handle.query('__temporal_workflow_metadata'));
}
