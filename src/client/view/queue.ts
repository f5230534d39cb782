import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Holder } from '../../domain/environment-state.js';
import { describeRun } from '../../domain/environment-view.js';
import type { Progress } from '../../domain/progress.js';
import type { EnvironmentStatus, Place } from '../environments.js';
import { printable } from './printable.js';
import { PLAIN_TABLE } from './progress-table.js';
import { elapsed, moment } from './times.js';

/** How colours and times are shown. */
export interface Paper {
  readonly colour: ChalkInstance;
  /** In milliseconds. */
  readonly now: number;
}

/** What takes a run out of the queue, or stops it where it holds the environment. */
export function cancelCommand(environment: string, deploymentId: string): string {
  return `safeguard abort ${environment} --id ${deploymentId}`;
}

function since(startedAt: string, now: number): string {
  return elapsed({ startedAt, endedAt: null }, now);
}

/** `2.0.0 — 20261121-…, asked by ada, for 5 min 2 s`, and that it makes no progress. */
export function holderLine(holder: Holder | null | undefined, { now, colour }: Paper): string {
  if (!holder) return 'nobody';
  const line = `${describeRun(holder)} — ${holder.deploymentId}, asked by ${printable(holder.requestedBy)}, for ${since(holder.grantedAt, now)}`;
  return typeof holder.stalledSince === 'string'
    ? `${line}; ${colour.red(`no progress for ${since(holder.stalledSince, now)}`)}`
    : line;
}

/** Who waits for an environment, in order, and how each can be taken out. */
export function queuePage(place: Place, status: EnvironmentStatus | null, paper: Paper): string {
  const { environment } = place;
  const { colour, now } = paper;
  const queue = status?.queue ?? [];
  const head = `${colour.bold(`${place.application}/${environment}`)}: ${queue.length} waiting, held by ${holderLine(status?.holder, paper)}`;
  if (queue.length === 0) return head;
  const table = new Table({
    ...PLAIN_TABLE,
    head: ['', 'run', 'deployment', 'asked by', 'since', 'cancel'].map((text) => colour.dim(text)),
  });
  table.push(
    ...queue.map((run, index) => [
      index + 1,
      describeRun(run),
      run.deploymentId,
      printable(run.requestedBy, 40),
      `${moment(run.enqueuedAt)} (${since(run.enqueuedAt, now)})`,
      cancelCommand(environment, run.deploymentId),
    ]),
  );
  return [head, table.toString()].join('\n');
}

/** The step that a run is in; `null`: it is between steps, or nobody can say. */
export function currentStep(progress: Progress | null): string | null {
  const step = progress?.steps.findLast(({ state }) => state === 'running');
  return step?.title ?? null;
}

/** Who holds an environment, how far it is, and what can be done about it. */
export function lockPage(
  place: Place,
  status: EnvironmentStatus | null,
  progress: Progress | null,
  { colour, now }: Paper,
): string {
  const { environment } = place;
  const title = colour.bold(`${place.application}/${environment}`);
  const holder = status?.holder;
  if (!status) return `${title} is free: nothing was ever deployed here.`;
  if (!holder)
    return `${title} is free; ${status.queue.length} waiting\n  epoch     ${status.epoch}, incarnation ${status.incarnation}`;
  const { deploymentId, grantedAt, epoch, stalledSince } = holder;
  const step = currentStep(progress);
  const isStalled = typeof stalledSince === 'string';
  return [
    `${title} is held by ${describeRun(holder)} — ${deploymentId}, asked by ${printable(holder.requestedBy)}; ${status.queue.length} waiting`,
    `  workflow  ${holder.workflowId}`,
    `  since     ${moment(grantedAt)} (${since(grantedAt, now)})`,
    `  epoch     ${epoch}, incarnation ${status.incarnation}`,
    `  step      ${progress ? `${progress.phase}${step === null ? '' : `: ${printable(step)}`}` : 'it does not say'}`,
    `  progress  ${isStalled ? colour.red(`none since ${moment(stalledSince)} (${since(stalledSince, now)})`) : 'moving'}`,
    ...waysOn(environment, deploymentId, holder.workflowId, isStalled).map((line) => `  ${line}`),
  ].join('\n');
}

/** Nothing is ever unlocked by hand: who holds it is ended, and the environment brings back what was there. */
function waysOn(environment: string, deploymentId: string, workflowId: string, isStalled: boolean): string[] {
  const watch = `watch     safeguard watch ${environment} --id ${deploymentId}`;
  const abort = `abort     ${cancelCommand(environment, deploymentId)}`;
  if (!isStalled) return [watch, abort];
  return [
    watch,
    `${abort}  # brings back what was there`,
    `last way  temporal workflow terminate --workflow-id ${workflowId} --reason '…'  # the environment then brings it back itself`,
  ];
}
