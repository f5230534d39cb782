import { setTimeout as delay } from 'node:timers/promises';
import { assertAnswers, type Place } from './environments.js';
import type { Session } from './session.js';

/** How often a run is looked at, in milliseconds. */
const EVERY_MS = 300;

/**
 * What a workflow that only looks comes to. Unlike a run that changes something, it is not waited for when nobody carries it
 * out: it can be asked for again.
 * @throws SafeguardError TEMPORAL_UNREACHABLE; WorkflowFailedError
 */
export async function resultOf(
  session: Session,
  { application }: Pick<Place, 'application'>,
  workflowId: string,
): Promise<unknown> {
  const handle = session.client.workflow.getHandle<() => Promise<unknown>>(workflowId);
  for (;;) {
    const { status } = await session.call(() => handle.describe());
    if (status.name !== 'RUNNING') return session.call(() => handle.result());
    await assertAnswers(session, application, workflowId);
    await delay(EVERY_MS);
  }
}
