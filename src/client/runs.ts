import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { RunKind } from '../domain/environment-state.js';
import { describeRun } from '../domain/environment-view.js';
import { SafeguardError } from '../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import * as messages from '../workflows/messages.js';
import type { EnvironmentStatus } from '../workflows/messages.js';
import { statusIfAnswered, type Place } from './environments.js';
import type { Session } from './session.js';

/** A run as it can be found from outside. */
export interface RunRef {
  readonly workflowId: string;
  readonly kind: RunKind;
  readonly deploymentId: string;
  /** Empty where a recovery did not say it, or not yet. */
  readonly version: string;
  /** From the search attributes; `null` where the run did not set it yet. */
  readonly phase: string | null;
}

const phaseKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');
const versionKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.version, 'KEYWORD');

const KINDS: readonly string[] = [
  'deployment',
  'converge',
  'rollback',
  'rejoin',
  'withdraw',
] satisfies RunKind[];

function isKind(text: string | undefined): text is RunKind {
  return text !== undefined && KINDS.includes(text);
}

/** Takes a workflow id of a run apart; `null` for any other, such as the rollback of a deployment that is gone. */
export function parseWorkflowId(
  workflowId: string,
): Pick<RunRef, 'workflowId' | 'kind' | 'deploymentId' | 'version'> | null {
  const [kind, , ...rest] = workflowId.split('/');
  if (!isKind(kind)) return null;
  const [version, deploymentId, ...more] = kind === 'deployment' ? rest : ['', ...rest];
  if (version === undefined || !deploymentId || more.length > 0) return null;
  return { workflowId, kind, version, deploymentId };
}

function refOf({ workflowId, typedSearchAttributes }: WorkflowExecutionInfo): RunRef | null {
  const parsed = parseWorkflowId(workflowId);
  if (!parsed) return null;
  const version = typedSearchAttributes.get(versionKey) ?? parsed.version;
  return { ...parsed, version, phase: typedSearchAttributes.get(phaseKey) ?? null };
}

/** A run, with what the server's list says of it. */
export interface ListedRun {
  readonly run: RunRef;
  readonly info: WorkflowExecutionInfo;
}

/** Runs of an environment, newest first, as the server's list knows them (it may lag by a moment). */
export async function* listedRuns(
  session: Session,
  { application, environment }: Place,
  filter = '',
): AsyncGenerator<ListedRun> {
  // Names of environments hold nothing that would need quoting: `objectionTo` and the configuration see to it.
  const ids = KINDS.map((kind) => `WorkflowId STARTS_WITH '${kind}/${environment}/'`);
  const query = `(${ids.join(' OR ')})${filter}`;
  const queue = messages.taskQueue(application);
  const pages = session.client.workflow.list({ query })[Symbol.asyncIterator]();
  for (;;) {
    const next = await session.call(() => pages.next());
    if (next.done) return;
    const run = next.value.taskQueue === queue ? refOf(next.value) : null;
    if (run) yield { run, info: next.value };
  }
}

/** How people speak of a run: a deployment by its version, anything else by what it is. */
export function nameOf({ kind, deploymentId, version }: RunRef): string {
  return `${deploymentId} (${describeRun({ kind, version })})`;
}

/** The runs of an environment that have not ended, newest first. */
export async function openRuns(session: Session, place: Place): Promise<readonly RunRef[]> {
  const runs: RunRef[] = [];
  const running = listedRuns(session, place, " AND ExecutionStatus = 'Running'");
  for await (const { run } of running) runs.push(run);
  return runs;
}

/** The run with this deployment id, open or closed; `null` when the server knows none. */
export async function findRun(session: Session, place: Place, deploymentId: string): Promise<RunRef | null> {
  for await (const { run } of listedRuns(session, place)) if (run.deploymentId === deploymentId) return run;
  return null;
}

/** How long the server's list may lag behind a run that was just started, in milliseconds. */
const LAG_MS = 2_000;
const AGAIN_MS = 250;

/** Looks again while nothing is found: whoever aborts right after starting must not be told that nothing runs. */
async function despiteLag<T>(look: () => Promise<T>, isEmpty: (found: T) => boolean): Promise<T> {
  const deadline = Date.now() + LAG_MS;
  for (;;) {
    const found = await look();
    if (!isEmpty(found) || Date.now() > deadline) return found;
    await delay(AGAIN_MS);
  }
}

function notFound(message: string): SafeguardError {
  return new SafeguardError('RUN_NOT_FOUND', message);
}

/**
 * The run with this deployment id.
 * @throws SafeguardError RUN_NOT_FOUND
 */
export async function namedRun(session: Session, place: Place, deploymentId: string): Promise<RunRef> {
  const look = () => findRun(session, place, deploymentId);
  const run = await despiteLag(look, (found) => found === null);
  if (run) return run;
  throw notFound(`${place.environment} has no run ${JSON.stringify(deploymentId)}.`);
}

/**
 * The run that `watch` without `--id` means: the one that holds the environment, whatever it is for, or the only open one.
 * @throws SafeguardError RUN_NOT_FOUND when nothing runs, REQUEST_INVALID when it could be several
 */
export async function currentRun(session: Session, place: Place): Promise<RunRef> {
  const status = await statusIfAnswered(session, place);
  if (status?.holder) return { ...status.holder, phase: null };
  const open = await openDespiteLag(session, place);
  return theOnly(place, open) ?? refuse(notFound(nothingRuns(place, status)));
}

/**
 * The deployment that `abort` without `--id` means: the one that holds the environment, or the only open one.
 * @throws SafeguardError RUN_NOT_FOUND when none runs, REQUEST_INVALID when it could be several
 */
export async function currentDeployment(session: Session, place: Place): Promise<RunRef> {
  const status = await statusIfAnswered(session, place);
  if (status?.holder?.kind === 'deployment') return { ...status.holder, phase: null };
  const open = await openDespiteLag(session, place);
  const deployment = theOnly(
    place,
    open.filter(({ kind }) => kind === 'deployment'),
  );
  if (deployment) return deployment;
  const [recovery] = status?.holder ? [{ ...status.holder, phase: null }] : open;
  throw recovery ? notAbortable(recovery) : notFound(nothingRuns(place, status));
}

/** Why a recovery is left to end by itself. */
export function notAbortable(run: RunRef): SafeguardError {
  return notFound(
    `${nameOf(run)} is no deployment, and a ${run.kind} can't be aborted: it ends when every host serves one release, or says why not.`,
  );
}

function openDespiteLag(session: Session, place: Place): Promise<readonly RunRef[]> {
  return despiteLag(
    () => openRuns(session, place),
    (found) => found.length === 0,
  );
}

function refuse(error: SafeguardError): never {
  throw error;
}

function theOnly({ environment }: Place, open: readonly RunRef[]): RunRef | null {
  const [run, ...others] = open;
  if (!run || others.length === 0) return run ?? null;
  const ids = open.map(
    ({ deploymentId, kind, version, phase }) =>
      `${deploymentId} (${describeRun({ kind, version })}, ${phase ?? 'starting'})`,
  );
  throw new SafeguardError(
    'REQUEST_INVALID',
    `Several runs of ${environment} are open; say which with --id: ${ids.join(', ')}`,
  );
}

function nothingRuns({ environment }: Place, status: EnvironmentStatus | null | undefined): string {
  const last = status?.history[0];
  const before = last
    ? ` The last one was ${last.deploymentId} (${last.version}), ${last.outcome} at ${last.at}.`
    : '';
  return `Nothing is running on ${environment}.${before}`;
}

/** The rollback that goes on in place of a run that was terminated, if there is one; the run itself otherwise. */
export async function successorOf(session: Session, { environment }: Place, run: RunRef): Promise<RunRef> {
  const workflowId = messages.rollbackWorkflowId(environment, run.version, run.deploymentId);
  try {
    await session.call(() => session.client.workflow.getHandle(workflowId).describe());
    return { ...run, workflowId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return run;
    throw error;
  }
}
