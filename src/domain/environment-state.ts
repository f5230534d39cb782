import type { Outcome } from './outcome.js';
import type { Release } from './release.js';
import type { Began } from './run.js';

/** A run that waits for an environment, or holds it. Times are ISO 8601 in UTC. */
export interface QueuedRun {
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly version: string;
  readonly requestedBy: string;
  readonly enqueuedAt: string;
}

/** The run that holds the environment, and how far it went. */
export interface Holder extends QueuedRun {
  readonly grantedAt: string;
  readonly epoch: number;
  /** Set before the run changes anything on a host. */
  readonly began: Began | null;
  /** Set when every host was read back: the run goes through. */
  readonly decided: boolean;
}

/** A run that ended, as the environment remembers it. */
export interface FinishedRun {
  readonly deploymentId: string;
  readonly version: string;
  readonly outcome: Outcome;
  readonly message: string;
  readonly at: string;
}

/** How a run left the environment. */
export interface LeaveNotice {
  readonly deploymentId: string;
  /** `null`: the run gives its place back and will ask again. */
  readonly outcome: Outcome | null;
  /** What every host serves now; left out when the run changed nothing, or nobody knows. */
  readonly committed?: Release | null;
  readonly message: string;
}

/** Everything an environment is; small, because it is carried over when the workflow continues as new. */
export interface EnvironmentState {
  readonly incarnation: string;
  readonly epoch: number;
  readonly committed: Release | null;
  readonly previous: Release | null;
  /** Why new releases are refused; `null` when they are not. */
  readonly quarantine: string | null;
  readonly holder: Holder | null;
  readonly queue: readonly QueuedRun[];
  readonly history: readonly FinishedRun[];
}

const REMEMBERED = 20;

/** An environment that nothing was ever deployed to. */
export function newEnvironment(incarnation: string): EnvironmentState {
  return {
    incarnation,
    epoch: 0,
    committed: null,
    previous: null,
    quarantine: null,
    holder: null,
    queue: [],
    history: [],
  };
}

/** Joins the queue; the same deployment twice is one place, and one that has ended (a late repetition) gets none. */
export function joined(state: EnvironmentState, run: QueuedRun): EnvironmentState {
  const known = [...state.queue, ...(state.holder ? [state.holder] : []), ...state.history];
  if (known.some((other) => other.deploymentId === run.deploymentId)) return state;
  return { ...state, queue: [...state.queue, run] };
}

/** Hands the environment to the first of the queue, under a new epoch. */
export function handedOver(state: EnvironmentState, at: string): EnvironmentState {
  const [next, ...queue] = state.queue;
  if (state.holder || !next) return state;
  const epoch = state.epoch + 1;
  return { ...state, epoch, queue, holder: { ...next, grantedAt: at, epoch, began: null, decided: false } };
}

/** The holder is about to change hosts. Hosts may know a higher epoch, or a release that this life of the environment doesn't. */
export function begun(state: EnvironmentState, began: Began): EnvironmentState {
  const { holder } = state;
  if (holder?.deploymentId !== began.deploymentId) return state;
  return {
    ...state,
    epoch: Math.max(state.epoch, began.epoch),
    committed: began.from,
    holder: { ...holder, began },
  };
}

/** The holder goes through: what it began is from now on to be finished, not undone. */
export function decidedOn(state: EnvironmentState, deploymentId: string): EnvironmentState {
  const { holder } = state;
  return holder?.deploymentId === deploymentId ? { ...state, holder: { ...holder, decided: true } } : state;
}

/** A run leaves: out of the queue, or out of the environment with what it left there. */
export function left(state: EnvironmentState, notice: LeaveNotice, at: string): EnvironmentState {
  const waiting = state.queue.find((run) => run.deploymentId === notice.deploymentId);
  const run = state.holder?.deploymentId === notice.deploymentId ? state.holder : waiting;
  if (!run) return state;
  const gone: EnvironmentState = {
    ...state,
    holder: state.holder === run ? null : state.holder,
    queue: state.queue.filter((other) => other !== run),
  };
  if (notice.outcome === null) return gone;
  const { deploymentId, outcome, message } = notice;
  const finished: FinishedRun = { deploymentId, version: run.version, outcome, message, at };
  return {
    ...gone,
    ...(notice.committed === undefined ? {} : withCommitted(state, notice.committed)),
    quarantine: outcome === 'PARTIAL' ? message : state.quarantine,
    history: [finished, ...state.history].slice(0, REMEMBERED),
  };
}

function withCommitted(
  state: EnvironmentState,
  committed: Release | null,
): Pick<EnvironmentState, 'committed' | 'previous'> {
  if (state.committed?.digest === committed?.digest) return { committed, previous: state.previous };
  return { committed, previous: state.committed };
}

/** What every host is to serve when the holder is gone: the new release once it was decided on, the committed one before. */
export function target(state: EnvironmentState, holder: Holder): Release | null {
  return holder.decided && holder.began ? holder.began.to : state.committed;
}
