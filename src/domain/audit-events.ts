import type { AuditEvent } from './audit.js';
import { eventFrom, noted } from './audit-trail.js';
import type { EnvironmentState, FinishedRun, Holder, QueuedRun } from './environment-state.js';
import { isDeployment } from './environment-state.js';
import type { Outcome } from './outcome.js';
import type { Quarantine } from './quarantine.js';
import type { Eviction } from './recovery.js';
import type { Interruption } from './run.js';

type Facts = Pick<AuditEvent, 'key' | 'at' | 'by' | 'action'> & Partial<AuditEvent>;

/** Texts are cut to what a line holds here too, so that an event told in two ways is the same. */
function event(facts: Facts): AuditEvent {
  const found = eventFrom({ identity: 'claimed', reason: '', ...facts });
  if (!found) throw new Error(`not an event of the audit trail: ${facts.action}`);
  return found;
}

/** What is known of a run that asks for an environment. */
export interface Asking {
  readonly deploymentId: string;
  readonly version: string;
  readonly requestedBy: string;
  readonly enqueuedAt: string;
  readonly reason?: string | undefined;
  readonly commit?: string | null | undefined;
}

/** Somebody asks for a run. */
export function requested({ deploymentId, version, requestedBy, enqueuedAt, reason, commit }: Asking) {
  return event({
    key: `${deploymentId}/requested`,
    at: enqueuedAt,
    by: requestedBy,
    action: 'requested',
    reason: reason ?? '',
    deploymentId,
    version,
    commit: commit ?? null,
  });
}

function granted({ deploymentId, version, epoch, grantedAt }: Holder): AuditEvent {
  return event({
    key: `${deploymentId}/granted/${epoch}`,
    at: grantedAt,
    by: 'safeguard',
    identity: 'system',
    action: 'granted',
    reason: `epoch ${epoch}`,
    deploymentId,
    version,
  });
}

/** How a run ended, and what is known of what it brought. */
export interface Ended {
  readonly deploymentId: string;
  readonly version: string;
  readonly outcome: Outcome;
  readonly message: string;
  readonly at: string;
  readonly commit: string | null;
  readonly planHash: string | null;
}

/** A run has ended, by its own word or by what the environment found. */
export function ended({ message, ...facts }: Ended): AuditEvent {
  return event({
    ...facts,
    key: `${facts.deploymentId}/ended`,
    by: 'safeguard',
    identity: 'system',
    action: 'ended',
    reason: message,
  });
}

/** Somebody, or the limit of the whole run, stopped it. */
export function aborted(
  run: Pick<Ended, 'deploymentId' | 'version' | 'commit' | 'planHash'>,
  { kind, by, reason, at }: Interruption,
): AuditEvent {
  const { deploymentId, version, commit, planHash } = run;
  const identity = kind === 'timeout' ? 'system' : 'claimed';
  const key = `${deploymentId}/aborted`;
  return event({
    key,
    at,
    by,
    identity,
    action: 'aborted',
    reason,
    deploymentId,
    version,
    commit,
    planHash,
  });
}

/** The holder is closed and said nothing: terminated, timed out, or reset. */
export function holderGone({ deploymentId, version, epoch }: Holder, at: string): AuditEvent {
  return event({
    key: `${deploymentId}/holder-gone/${epoch}`,
    at,
    by: 'safeguard',
    identity: 'system',
    action: 'holder-gone',
    reason: 'its workflow is closed and said nothing; the environment is brought to one release without it',
    deploymentId,
    version,
  });
}

function evicted({ host, by, reason, at }: Eviction): AuditEvent {
  return event({
    key: `evicted/${host.name}/${at}`,
    at,
    by,
    action: 'evicted',
    reason: `${host.name}: ${reason}`,
  });
}

/** A person lifted a quarantine. */
export function resolved(
  { since, deploymentId }: Quarantine,
  { by, reason }: { readonly by: string; readonly reason: string },
  at: string,
): AuditEvent {
  return event({ key: `resolved/${since}`, at, by, action: 'resolved', reason, deploymentId });
}

function isKnown({ holder, queue }: EnvironmentState, { deploymentId }: QueuedRun): boolean {
  return holder?.deploymentId === deploymentId || queue.some((run) => run.deploymentId === deploymentId);
}

/** A deployment that a quarantined environment refuses is made its holder only for as long as that takes. */
function newHolder(before: EnvironmentState, { holder, quarantine }: EnvironmentState): Holder[] {
  if (!holder || before.holder?.epoch === holder.epoch) return [];
  return quarantine !== null && isDeployment(holder) ? [] : [holder];
}

function commitOf({ holder }: EnvironmentState, { deploymentId }: FinishedRun): string | null {
  return holder?.deploymentId === deploymentId ? (holder.began?.to?.gitSha ?? null) : null;
}

/** What the trail keeps of a change of the environment's state; who lifted or set something is told by whoever took that word. */
export function eventsBetween(before: EnvironmentState, after: EnvironmentState): AuditEvent[] {
  const finished = after.history.filter(
    ({ deploymentId, at }) =>
      !before.history.some((run) => run.deploymentId === deploymentId && run.at === at),
  );
  const evictions = Object.entries(after.evicted).filter(([name, { at }]) => before.evicted[name]?.at !== at);
  return [
    ...after.queue.filter((run) => !isKnown(before, run)).map(requested),
    ...newHolder(before, after).map(granted),
    ...finished.map((run) => ended({ ...run, commit: commitOf(before, run), planHash: null })),
    ...evictions.map(([, eviction]) => evicted(eviction)),
  ];
}

/**
 * The next state, with the trail of the present one and what the change adds to it. The trail of `next` does not count: it may have
 * been taken before something else was noted.
 */
export function withEvents(before: EnvironmentState, next: EnvironmentState): EnvironmentState {
  return { ...next, audit: noted(before.audit, eventsBetween(before, next)) };
}
