import { EMPTY_TRAIL, type AuditEvent, type AuditHead } from './audit.js';
import type { Outcome } from './outcome.js';
import type { HostRef } from './plan.js';
import { leaving, type Quarantine } from './quarantine.js';
import type { RecoveryKind, Eviction } from './recovery.js';
import type { Release } from './release.js';
import type { Began } from './run.js';
import { NOTHING_SWITCHED, type Switches } from './switches.js';

/** What a run is for; all but deployments are let in while the environment is quarantined, and before those that wait. */
export type RunKind = 'deployment' | RecoveryKind;

/** A run that waits for an environment, or holds it. Times are ISO 8601 in UTC. */
export interface QueuedRun {
  readonly kind: RunKind;
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly version: string;
  readonly requestedBy: string;
  readonly enqueuedAt: string;
  /** `fail`: it does not wait for others; left out: it waits. */
  readonly ifBusy?: 'wait' | 'fail';
  /** Why it was asked for, as far as that is known. */
  readonly reason?: string;
  /** Commit of what it brings. */
  readonly commit?: string | null;
  /** Deployments that wait when it joins are of no use any more. */
  readonly supersedes?: boolean;
}

/** The run that holds the environment, and how far it went. */
export interface Holder extends QueuedRun {
  readonly grantedAt: string;
  readonly epoch: number;
  /** Set before the run changes anything on a host. */
  readonly began: Began | null;
  /** Set when every host was read back: the run goes through. */
  readonly decided: boolean;
  /** Since when it makes no progress, once that is worth telling (spec S2: 10 min). ISO 8601, UTC. */
  readonly stalledSince?: string | null;
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
  /** Temporal's run id of the workflow that says so: one that was reset speaks for nobody. */
  readonly runId: string;
  /** What every host serves now; left out when the run changed nothing, or nobody knows. */
  readonly committed?: Release | null;
  /** Every host was seen to serve the committed release: a quarantine is over. */
  readonly consistent?: boolean;
  /** Hosts that could not be brought to the release, where the outcome is `PARTIAL`. */
  readonly lost?: readonly string[];
  /** A host that is counted in again. */
  readonly rejoined?: string;
  /** An evicted host that was seen to be out of traffic. */
  readonly withdrawn?: string;
  readonly message: string;
  /** What the audit trail is to keep of the run; the environment adds its own. */
  readonly audit?: readonly AuditEvent[];
}

/** Everything an environment is; small, because it is carried over when the workflow continues as new. */
export interface EnvironmentState {
  readonly incarnation: string;
  readonly epoch: number;
  readonly committed: Release | null;
  /** The releases that were committed, newest first, the present one included; what a rollback can go to. */
  readonly releases: readonly Release[];
  /** Hosts as the last run knew them, the evicted ones included. */
  readonly hosts: readonly HostRef[];
  readonly quarantine: Quarantine | null;
  /** By host name. */
  readonly evicted: Readonly<Record<string, Eviction>>;
  readonly holder: Holder | null;
  readonly queue: readonly QueuedRun[];
  readonly history: readonly FinishedRun[];
  readonly switches: Switches;
  readonly audit: AuditHead;
}

/** How many ended runs an environment remembers. */
export const REMEMBERED = 20;

/** What an earlier version of this code carried over, brought to today's shape. */
export function broughtUpToDate(state: EnvironmentState): EnvironmentState {
  const known = <Run extends QueuedRun>(run: Run): Run => ({
    ...run,
    kind: isDeployment(run) ? 'deployment' : run.kind,
  });
  const { holder, queue } = state;
  return {
    ...newEnvironment(state.incarnation),
    ...state,
    holder: holder && known(holder),
    queue: queue.map(known),
  };
}

/** An environment that nothing was ever deployed to. */
export function newEnvironment(incarnation: string): EnvironmentState {
  return {
    incarnation,
    epoch: 0,
    committed: null,
    releases: [],
    hosts: [],
    evicted: {},
    quarantine: null,
    holder: null,
    queue: [],
    history: [],
    switches: NOTHING_SWITCHED,
    audit: EMPTY_TRAIL,
  };
}

/** True for a deployment; runs that an earlier version of this code began are such, and don't say it. */
export function isDeployment({ kind }: { readonly kind?: RunKind }): boolean {
  return kind === undefined || kind === 'deployment';
}

/** Deployments wait in order; what repairs an environment goes before them, in order among itself. */
function inOrder(queue: readonly QueuedRun[], run: QueuedRun): QueuedRun[] {
  const waiting = queue.filter(isDeployment);
  const urgent = queue.filter((other) => !isDeployment(other));
  return isDeployment(run) ? [...urgent, ...waiting, run] : [...urgent, run, ...waiting];
}

/**
 * Joins the queue; the same deployment twice is one place, which a run that was reset while it waited goes on waiting in. One that
 * has ended, or that was given the environment before it was reset, gets none (`objectionToJoining`).
 */
export function joined(state: EnvironmentState, run: QueuedRun): EnvironmentState {
  const same = (other: { readonly deploymentId: string }): boolean => other.deploymentId === run.deploymentId;
  const waiting = state.queue.find(same);
  if (waiting && waiting.runId !== run.runId)
    return { ...state, queue: state.queue.map((other) => (same(other) ? run : other)) };
  if (waiting || (state.holder && same(state.holder)) || state.history.some(same)) return state;
  return { ...state, queue: inOrder(state.queue, run) };
}

/** Why a run can't wait for its turn; `null`: it may, or does so already. */
export function objectionToJoining(state: EnvironmentState, run: QueuedRun): string | null {
  const { holder } = state;
  if (holder?.deploymentId === run.deploymentId && holder.runId !== run.runId)
    return `${run.deploymentId} was reset after it had been given the environment, which is brought back without it.`;
  return state.history.some(({ deploymentId }) => deploymentId === run.deploymentId)
    ? `${run.deploymentId} has ended already.`
    : null;
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
  if (!holder || !isOf(holder, began)) return state;
  return {
    ...state,
    hosts: hostsAfter(state, holder, began),
    epoch: Math.max(state.epoch, began.epoch),
    committed: began.from,
    holder: { ...holder, began },
  };
}

/** A run names all hosts but the evicted ones; a rejoin only the one that it is about, which is known already. */
function hostsAfter(state: EnvironmentState, { kind }: Holder, { hosts }: Began): readonly HostRef[] {
  if (kind === 'rejoin') return state.hosts;
  const evicted = Object.values(state.evicted).map(({ host }) => host);
  return [...hosts, ...evicted.filter(({ name }) => !hosts.some((host) => host.name === name))];
}

/** The holder goes through: what it began is from now on to be finished, not undone. */
export function decidedOn(state: EnvironmentState, run: Speaker): EnvironmentState {
  const { holder } = state;
  return holder && isOf(holder, run) ? { ...state, holder: { ...holder, decided: true } } : state;
}

/** Who says something: a deployment, and which of its runs, should it have been reset. */
interface Speaker {
  readonly deploymentId: string;
  /** Runs that an earlier version of this code began don't say it. */
  readonly runId?: string;
}

/** A workflow that was reset goes on under another run id; the environment was not given to that one. */
function isOf(run: QueuedRun, speaker: Speaker): boolean {
  return run.deploymentId === speaker.deploymentId && run.runId === (speaker.runId ?? run.runId);
}

/** A run leaves: out of the queue, or out of the environment with what it left there. */
export function left(state: EnvironmentState, notice: LeaveNotice, at: string): EnvironmentState {
  const waiting = state.queue.find((run) => isOf(run, notice));
  const run = state.holder && isOf(state.holder, notice) ? state.holder : waiting;
  if (!run) return state;
  const gone: EnvironmentState = {
    ...state,
    holder: state.holder === run ? null : state.holder,
    queue: state.queue.filter((other) => other !== run),
  };
  if (notice.outcome === null) return gone;
  const { deploymentId, outcome, message, lost = [], committed = state.committed } = notice;
  const finished: FinishedRun = { deploymentId, version: run.version, outcome, message, at };
  return {
    ...gone,
    ...(notice.committed === undefined ? {} : withCommitted(state, notice.committed)),
    quarantine:
      outcome === 'PARTIAL'
        ? {
            reason: message,
            since: state.quarantine?.since ?? at,
            deploymentId,
            lost,
            ...leaving(stuck(run), committed, state.quarantine),
          }
        : notice.consistent === true
          ? null
          : state.quarantine,
    evicted: evictedAfter(state.evicted, notice),
    history: [finished, ...state.history].slice(0, REMEMBERED),
  };
}

function stuck(run: QueuedRun | Holder): Parameters<typeof leaving>[0] {
  const kind = isDeployment(run) ? 'deployment' : run.kind === 'rollback' ? 'rollback' : 'repair';
  return { kind, began: 'began' in run ? run.began : null };
}

function evictedAfter(
  evicted: EnvironmentState['evicted'],
  { rejoined, withdrawn }: LeaveNotice,
): EnvironmentState['evicted'] {
  const left = Object.entries(evicted).filter(([name]) => name !== rejoined);
  return Object.fromEntries(
    left.map(([name, eviction]) => [name, name === withdrawn ? { ...eviction, withdrawn: true } : eviction]),
  );
}

/** How many releases a rollback can choose from, the present one included. */
const RELEASES_REMEMBERED = 5;

function withCommitted(
  state: EnvironmentState,
  committed: Release | null,
): Pick<EnvironmentState, 'committed' | 'releases'> {
  if (committed === null) return { committed, releases: state.releases };
  const before = state.committed === null ? [] : [state.committed];
  const known = new Map(
    [committed, ...before, ...state.releases].map((release) => [release.digest, release]),
  );
  return { committed, releases: [...known.values()].slice(0, RELEASES_REMEMBERED) };
}

/** Takes a host out; it is no longer waited for, deployed to, or counted. */
export function evicted(state: EnvironmentState, eviction: Eviction): EnvironmentState {
  return { ...state, evicted: { ...state.evicted, [eviction.host.name]: eviction } };
}

/** Why a host can't be evicted; `null`: it can. */
export function objectionToEviction(state: EnvironmentState, name: string): string | null {
  if (!state.hosts.some((host) => host.name === name)) {
    const known = state.hosts.map((host) => host.name).join(', ') || 'none yet';
    return `There is no host ${name}; known: ${known}.`;
  }
  if (Object.hasOwn(state.evicted, name)) return `${name} is evicted already.`;
  return state.hosts.length - Object.keys(state.evicted).length > 1
    ? null
    : `${name} is the last host; with it the environment would serve nothing.`;
}

/** What every host is to serve when the holder is gone: the new release once it was decided on, the committed one before. */
export function target(state: EnvironmentState, holder: Holder): Release | null {
  return holder.decided && holder.began ? holder.began.to : state.committed;
}
