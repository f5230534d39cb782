import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { PlaceSeen } from '../activities/environment.js';
import type { Policy } from '../domain/policy.js';
import { duties } from './activities.js';
import { coded } from './failures.js';
import { environmentOf, type Run } from './run.js';
import * as messages from './messages.js';
import { asking } from './trail.js';

/**
 * After so many milliseconds a run that waits looks where it stands, and then at the last of these again and again. Who is let in
 * at once never looks. Many wait at a time: the environment is asked, which leaves nothing in its history.
 */
const LOOKS_MS = [2_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/** What repairs an environment waits as long as it takes, and makes nothing else of no use. */
const PATIENT: Policy['queue'] = { maxWaitSeconds: null, supersede: false };

/**
 * Joins the environment's queue and waits to be let in.
 * @throws ApplicationFailure QUEUE_TIMEOUT, or as the environment refuses the run
 */
export async function takePlace(run: Run, queue: Policy['queue'] = PATIENT): Promise<void> {
  const { deploymentId, version, requestedBy, ifBusy, maxWaitSeconds } = run.request;
  const { workflowId, runId } = workflowInfo();
  const { environment } = run.target;
  run.board.enter('queued', `Waiting for ${environment}.`);
  run.enqueued = true;
  const joinedAt = Date.now();
  const place = {
    ...run.target,
    run: {
      kind: run.kind,
      deploymentId,
      version,
      requestedBy,
      workflowId,
      runId,
      enqueuedAt: new Date(joinedAt).toISOString(),
      ...asking(run),
      ...(ifBusy === undefined ? {} : { ifBusy }),
      ...(queue.supersede ? { supersedes: true } : {}),
    },
  };
  const limitSeconds = maxWaitSeconds ?? queue.maxWaitSeconds;
  const endsAt = limitSeconds === null ? Infinity : joinedAt + limitSeconds * 1000 - run.waitedMs;
  for (let looks = 0; ; looks += 1) {
    // Not to be cancelled half-way: whoever leaves must be sure that nothing joins after that.
    const seen = await CancellationScope.nonCancellable(() => duties.enqueue({ ...place, again: looks > 0 }));
    if (seen) run.board.say(sentence(environment, seen));
    const pause = LOOKS_MS[Math.min(looks, LOOKS_MS.length - 1)] ?? 0;
    if (await run.granted(Math.max(1, Math.min(pause, endsAt - Date.now())))) break;
    if (limitSeconds !== null && Date.now() >= endsAt) throw tooLate(environment, limitSeconds);
  }
  run.waitedMs += Date.now() - joinedAt;
}

/** The run leaves the queue, or the environment, should it have been let in at this very moment: `leave` says so to both. */
function tooLate(environment: string, limitSeconds: number): Error {
  return coded({
    code: 'QUEUE_TIMEOUT',
    message: `${environment} was not free within ${limitSeconds} s; the run has left its queue.`,
  });
}

function sentence(environment: string, { at, place }: PlaceSeen): string {
  const when = `${at.slice(11, 19)}Z`;
  if (place === undefined)
    return `Waiting for ${environment}; at ${when} it did not say where this run stands.`;
  if (place === null) return `Waiting for ${environment}; joined its queue again at ${when}.`;
  const { position, of, holder } = place;
  return `Position ${position} of ${of}; ${holder ?? 'nobody'} holds ${environment} (at ${when}).`;
}

/** Gives the place back, to ask for it again later. */
export async function stepBack(run: Run, why: string): Promise<void> {
  const { deploymentId } = run.request;
  run.grant = null;
  await environmentOf(run).signal(messages.release, {
    deploymentId,
    runId: workflowInfo().runId,
    outcome: null,
    message: why,
  });
}
