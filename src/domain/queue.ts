import {
  isDeployment,
  joined,
  objectionToJoining,
  REMEMBERED,
  type EnvironmentState,
  type FinishedRun,
  type Holder,
  type QueuedRun,
} from './environment-state.js';
import { describeRun } from './environment-view.js';

/** A holder that makes no progress for so long is flagged, in milliseconds (spec S2). */
export const STALLED_AFTER_MS = 600_000;

/** One that makes none for so long raises an alert, in milliseconds (spec S2, S18). */
export const STALE_AFTER_MS = 900_000;

/** The environment does not take this run. */
export interface Refusal {
  readonly code: 'ENVIRONMENT_BUSY' | 'ENVIRONMENT_QUARANTINED' | 'RUN_WAS_RESET' | 'SUPERSEDED';
  readonly message: string;
}

/** Where a run stands in the queue. */
export interface QueuePosition {
  /** From 1. */
  readonly position: number;
  /** How many wait. */
  readonly of: number;
  /** Who holds the environment, in a few words; `null`: nobody. */
  readonly holder: string | null;
}

/** What comes of a run's wish to join. Each refused run has no place in the new state, and is to be told why. */
export interface Joining {
  readonly state: EnvironmentState;
  readonly refused: readonly { readonly run: QueuedRun; readonly refusal: Refusal }[];
}

function named(run: QueuedRun): string {
  return `${run.deploymentId} (${describeRun(run)})`;
}

/**
 * A run asks for a place. One that does not wait for others is refused while there are any; one that makes older ones of no use
 * puts them out of the queue, and whatever repairs the environment goes before those that would not wait for it.
 */
export function join(state: EnvironmentState, run: QueuedRun, at: string): Joining {
  const objection = objectionToJoining(state, run);
  const next = joined(state, run);
  if (objection !== null)
    return { state: next, refused: [{ run, refusal: { code: 'RUN_WAS_RESET', message: objection } }] };
  if (isKnown(state, run)) return { state: next, refused: [] };
  const refusal = refusalAtTheDoor(state, run);
  return refusal === null ? withoutOutdone(next, run, at) : { state, refused: [{ run, refusal }] };
}

function isKnown({ holder, queue }: EnvironmentState, { deploymentId }: QueuedRun): boolean {
  return [...(holder ? [holder] : []), ...queue].some((other) => other.deploymentId === deploymentId);
}

function refusalAtTheDoor(state: EnvironmentState, run: QueuedRun): Refusal | null {
  if (!isDeployment(run)) return null;
  const [first] = state.queue;
  if (run.ifBusy === 'fail' && state.holder) return busy(`is held by ${named(state.holder)}`, state.holder);
  if (run.ifBusy === 'fail' && first) return busy(`is waited for by ${named(first)}`, first);
  // A run that lost its place asks for it again, and a newer one may have come by then.
  const newer = state.queue.find(
    (other) => isDeployment(other) && other.supersedes === true && isOlder(run, other),
  );
  return newer ? superseded(newer) : null;
}

function busy(what: string, by: QueuedRun): Refusal {
  return {
    code: 'ENVIRONMENT_BUSY',
    message: `The environment ${what}, asked for by ${by.requestedBy}; this run does not wait.`,
  };
}

function superseded(newer: QueuedRun): Refusal {
  return {
    code: 'SUPERSEDED',
    message: `${named(newer)}, asked for by ${newer.requestedBy}, is newer, and only the newest that waits is deployed.`,
  };
}

function isOlder(run: QueuedRun, than: QueuedRun): boolean {
  return Date.parse(run.enqueuedAt) < Date.parse(than.enqueuedAt);
}

/** Of what waits beside a run that has just joined, all that must not wait any longer. */
function withoutOutdone(state: EnvironmentState, run: QueuedRun, at: string): Joining {
  const refusalOf = (other: QueuedRun): Refusal | null => {
    if (other === run || !isDeployment(other)) return null;
    if (!isDeployment(run))
      return other.ifBusy === 'fail' ? busy(`is waited for by ${named(run)}`, run) : null;
    return run.supersedes === true && !isOlder(run, other) ? superseded(run) : null;
  };
  const refused = state.queue.flatMap((other) => {
    const refusal = refusalOf(other);
    return refusal === null ? [] : [{ run: other, refusal }];
  });
  if (refused.length === 0) return { state, refused };
  // They had a place: that they have ended is kept, so that none of them joins again by a look that was under way.
  const finished = refused.map(({ run: { deploymentId, version }, refusal: { message } }): FinishedRun => {
    return { deploymentId, version, outcome: 'REFUSED', message, at };
  });
  const gone = new Set(refused.map(({ run: { deploymentId } }) => deploymentId));
  return {
    state: {
      ...state,
      queue: state.queue.filter(({ deploymentId }) => !gone.has(deploymentId)),
      history: [...finished.reverse(), ...state.history].slice(0, REMEMBERED),
    },
    refused,
  };
}

/**
 * Where a run stands; `null`: it does not wait here.
 * @param runId Temporal's run id; one that was reset does not wait until it has joined again
 */
export function positionOf(
  { queue, holder }: EnvironmentState,
  deploymentId: string,
  runId?: string,
): QueuePosition | null {
  const index = queue.findIndex((run) => run.deploymentId === deploymentId);
  const run = queue[index];
  if (!run || (runId !== undefined && run.runId !== runId)) return null;
  return { position: index + 1, of: queue.length, holder: holder && named(holder) };
}

/** The holder makes no progress since then, or goes on (`null`). */
export function stalled(
  state: EnvironmentState,
  { deploymentId, epoch }: Pick<Holder, 'deploymentId' | 'epoch'>,
  stalledSince: string | null,
): EnvironmentState {
  const { holder } = state;
  if (holder?.deploymentId !== deploymentId || holder.epoch !== epoch) return state;
  return { ...state, holder: { ...holder, stalledSince } };
}

/** True for a holder that has made no progress for so long that somebody must look. */
export function isStale({ holder }: Pick<EnvironmentState, 'holder'>, now: number): boolean {
  const since = holder?.stalledSince;
  return typeof since === 'string' && now - Date.parse(since) >= STALE_AFTER_MS;
}
