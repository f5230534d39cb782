import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { EnvironmentState, LeaveNotice, QueuedRun } from '../domain/environment-state.js';
import type { Progress } from '../domain/progress.js';
import type { Eviction, RecoveryKind } from '../domain/recovery.js';
import type { Began, Decision, Grant, RecordedDecision } from '../domain/run.js';

// ---- Workflow names and ids ------------------------------------------------------------------------------------

/** Workflow id of a deployment. */
export function deploymentWorkflowId(environment: string, version: string, deploymentId: string): string {
  return `deployment/${environment}/${version}/${deploymentId}`;
}

/** Workflow id of an environment's entity workflow. */
export function environmentWorkflowId(application: string, environment: string): string {
  return `environment/${application}/${environment}`;
}

/** Workflow id of the run that brings an environment back after a deployment that is gone. */
export function rollbackWorkflowId(environment: string, version: string, deploymentId: string): string {
  return `rollback/${environment}/${version}/${deploymentId}`;
}

/** Workflow id of a recovery: `converge/production/20261121-114512-k3f9ab`. */
export function recoveryWorkflowId(kind: RecoveryKind, environment: string, deploymentId: string): string {
  return `${kind}/${environment}/${deploymentId}`;
}

/** Workflow id of a look at every host. */
export function verifyWorkflowId(environment: string, id: string): string {
  return `verify/${environment}/${id}`;
}

/** Task queue of an application's workers. */
export function taskQueue(application: string): string {
  return `safeguard-${application}`;
}

// ---- To a deployment ---------------------------------------------------------------------------------------------

/** What an abort says; everything may be left out, so that a bare signal does. */
export interface AbortRequest {
  readonly by?: string;
  readonly reason?: string;
}

/** Stops the run and brings back the committed release. Idempotent. */
export const abort = defineSignal<[AbortRequest?]>('abort');

/** Approves the plan; refused to the caller's face when it is not the plan at hand or not this person's to give. */
export const approve = defineUpdate<RecordedDecision, [Decision]>('approve');

/** Rejects the plan; the run ends as REJECTED. */
export const reject = defineUpdate<RecordedDecision, [Decision]>('reject');

/** The same for those who only have the Web UI or `temporal workflow signal`. */
export const approveSignal = defineSignal<[Partial<Decision>?]>('approve');
export const rejectSignal = defineSignal<[Partial<Decision>?]>('reject');

/** The environment's answer to a run in its queue. */
export const granted = defineSignal<[Grant]>('granted');

/** The environment does not take this run. */
export interface Refusal {
  readonly code: 'ENVIRONMENT_QUARANTINED' | 'RUN_WAS_RESET';
  readonly message: string;
}

export const refused = defineSignal<[Refusal]>('refused');

/** A person took a host out of the environment: it is not waited for any more. */
export const hostEvicted = defineSignal<[{ readonly host: string }]>('hostEvicted');

/** Where the run is. */
export const progress = defineQuery<Progress>('progress');

// ---- To an environment -------------------------------------------------------------------------------------------

/** Joins the queue; the same deployment twice is one place. */
export const enqueue = defineSignal<[QueuedRun]>('enqueue');

/** The holder is about to change hosts: what it takes to bring them back without it. */
export const began = defineSignal<[Began]>('began');

/** The holder has read every host back and goes through with it: from here on the way is forward. */
export const decided = defineSignal<[{ readonly deploymentId: string; readonly runId: string }]>('decided');

/** Leaves the queue or gives the environment back. */
export const release = defineSignal<[LeaveNotice]>('release');

/** Lifts a quarantine after a person has brought the hosts to one release. */
export const resolve = defineSignal<[{ readonly by: string; readonly reason: string }]>('resolve');

/** Who takes which host out, and why. */
export interface EvictionWish {
  readonly host: string;
  readonly by: string;
  readonly reason: string;
}

/** Takes a host out of the environment, for good until `rejoin`; refused to the caller's face when it can't be. */
export const evict = defineUpdate<Eviction, [EvictionWish]>('evict');

/** What an environment answers to the `status` query. */
export interface EnvironmentStatus extends EnvironmentState {
  readonly application: string;
  readonly environment: string;
}

export const status = defineQuery<EnvironmentStatus>('status');
