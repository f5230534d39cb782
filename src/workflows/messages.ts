import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AuditEvent } from '../domain/audit.js';
import type { EnvironmentState, LeaveNotice, QueuedRun } from '../domain/environment-state.js';
import type { Progress } from '../domain/progress.js';
import type { QueuePosition, Refusal } from '../domain/queue.js';
import type { Eviction, RecoveryKind, Verification } from '../domain/recovery.js';
import type { Began, Decision, Grant, RecordedDecision } from '../domain/run.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { Switches, SwitchWish } from '../domain/switches.js';

export type { QueuePosition, Refusal };

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

/** Workflows that only look at an environment, and what each is called. */
export type LookKind = 'verify' | 'health' | 'preflight';

/** Workflow id of a look at every host: `verify/production/20261121-114512-k3f9ab`. */
export function lookWorkflowId(kind: LookKind, environment: string, id: string): string {
  return `${kind}/${environment}/${id}`;
}

/** Task queue of an application's workers. */
export function taskQueue(application: string): string {
  return `safeguard-${application}`;
}

/** Search attributes that a workflow is started with, so that it can be filtered for in lists; those without a value are left out. */
export function attributes(
  values: Partial<Record<keyof typeof SEARCH_ATTRIBUTES, string>>,
): SearchAttributePair[] {
  return (Object.keys(values) as (keyof typeof SEARCH_ATTRIBUTES)[]).flatMap((name) => {
    const value = values[name];
    return value ? [{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name], 'KEYWORD'), value }] : [];
  });
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

/** The environment does not take the run. */
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

/** Who says that a quarantine may be lifted, and why. */
export interface Resolution {
  readonly by: string;
  readonly reason: string;
}

/** Lifts a quarantine once a look at every host finds one release; refused to the caller's face while it does not. */
export const resolve = defineUpdate<Verification, [Resolution]>('resolve');

/** The same for those who only have the Web UI or `temporal workflow signal`; the environment's details say what came of it. */
export const resolveSignal = defineSignal<[Resolution]>('resolve');

/** Sets or lifts a switch: disable, enable, pause, resume, freeze, unfreeze. Answers all switches. */
export const flip = defineUpdate<Switches, [SwitchWish]>('switch');

/** What runs have to say to the audit trail. */
export const audit = defineSignal<[readonly AuditEvent[]]>('audit');

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

/** Where the run with this deployment id, and Temporal's run id where one is given, stands; `null`: it does not wait here. */
export const position = defineQuery<QueuePosition | null, [deploymentId: string, runId?: string]>('position');

export const status = defineQuery<EnvironmentStatus>('status');
