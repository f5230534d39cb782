import {
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { SafeguardError } from '../domain/errors.js';
import type { Switches, SwitchWish } from '../domain/switches.js';
import * as messages from '../workflows/messages.js';
import { environmentHandle, type Place } from './environments.js';
import { oneLine } from './one-line.js';
import { actor } from './options.js';
import { Refusal } from './refusal.js';
import { isAway, type Session } from './session.js';

/** How long an environment may take to set a switch, in milliseconds. */
const ANSWER_MS = 20_000;

/** What every command that sets or lifts a switch is told. */
export interface Said {
  readonly by?: string;
  readonly reason: string;
}

/**
 * Who and why, before anybody is asked.
 * @throws SafeguardError REQUEST_INVALID
 */
export function whoAndWhy({ by, reason }: Said): { readonly by: string; readonly reason: string } {
  return { by: actor(by), reason: oneLine('--reason', reason) };
}

/**
 * Sets a switch of an environment; one that never had a run begins with it.
 * @throws Refusal with the environment's own words; SafeguardError TEMPORAL_UNREACHABLE
 */
export function setSwitch(session: Session, place: Place, wish: SwitchWish): Promise<Switches> {
  const { application, environment } = place;
  const startWorkflowOperation = new WithStartWorkflowOperation('environment', {
    workflowId: messages.environmentWorkflowId(application, environment),
    taskQueue: messages.taskQueue(application),
    args: [{ application, environment }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  // The SDK gives the same failure to whoever asks the operation for a handle; nobody does.
  startWorkflowOperation.workflowHandle().catch(() => undefined);
  return answered(session, place, () =>
    session.client.workflow.executeUpdateWithStart(messages.flip, { args: [wish], startWorkflowOperation }),
  );
}

/**
 * Lifts a switch of an environment. `null`: the environment never had a run, so there is nothing to lift.
 * @throws Refusal with the environment's own words; SafeguardError TEMPORAL_UNREACHABLE
 */
export async function liftSwitch(session: Session, place: Place, wish: SwitchWish): Promise<Switches | null> {
  const handle = environmentHandle(session, place);
  try {
    return await answered(session, place, () => handle.executeUpdate(messages.flip, { args: [wish] }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function answered<T>(session: Session, place: Place, ask: () => Promise<T>): Promise<T> {
  try {
    return await session.call(ask, ANSWER_MS);
  } catch (cause) {
    if (cause instanceof WorkflowUpdateFailedError)
      throw new Refusal(`${place.environment}: ${cause.cause?.message ?? cause.message}`, { cause });
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isAway(cause))
      throw new SafeguardError(
        'TEMPORAL_UNREACHABLE',
        `${place.environment} did not answer within ${ANSWER_MS / 1000} s; is a worker running? It may do as it was told all the same: safeguard status ${place.environment} says.`,
        { cause },
      );
    throw cause;
  }
}

const RUNNING = "WorkflowType = 'environment' AND ExecutionStatus = 'Running'";

/**
 * Names of the environments of an application that live on the server, also those that no configuration names any more.
 * @throws SafeguardError TEMPORAL_UNREACHABLE
 */
export function livingEnvironments(session: Session, application: string): Promise<string[]> {
  const prefix = messages.environmentWorkflowId(application, '');
  return session.call(async () => {
    const names: string[] = [];
    for await (const { workflowId } of session.client.workflow.list({ query: RUNNING }))
      if (workflowId.startsWith(prefix)) names.push(workflowId.slice(prefix.length));
    return names;
  }, ANSWER_MS);
}
