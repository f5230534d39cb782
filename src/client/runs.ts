import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { SafeguardError } from '../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import * as messages from '../workflows/messages.js';
import type { EnvironmentStatus } from '../workflows/messages.js';
import { environmentStatus, type Place } from './environments.js';
import { isAway, type Session } from './session.js';

/** A run as it can be found from outside. */
export interface RunRef {
  readonly workflowId: string;
  readonly deploymentId: string;
  readonly version: string;
  /** From the search attributes; `null` where the run did not set it yet. */
  readonly phase: string | null;
}

const phaseKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');

/** Takes a workflow id of a run apart; `null` for any other. */
export function parseWorkflowId(workflowId: string): Omit<RunRef, 'phase'> | null {
  const [kind, , version, deploymentId, ...rest] = workflowId.split('/');
  if ((kind !== 'deployment' && kind !== 'rollback') || rest.length > 0) return null;
  return version && deploymentId ? { workflowId, version, deploymentId } : null;
}

function refOf(info: WorkflowExecutionInfo): RunRef | null {
  const parsed = parseWorkflowId(info.workflowId);
  return parsed && { ...parsed, phase: info.typedSearchAttributes.get(phaseKey) ?? null };
}

/** Runs of an environment, newest first, as the server's list knows them (it may lag by a moment). */
async function* listed(
  session: Session,
  { application, environment }: Place,
  filter: string,
): AsyncGenerator<RunRef> {
  // Names of environments hold nothing that would need quoting: `objectionTo` and the configuration see to it.
  const query = `WorkflowId STARTS_WITH 'deployment/${environment}/'${filter}`;
  const queue = messages.taskQueue(application);
  const pages = session.client.workflow.list({ query })[Symbol.asyncIterator]();
  for (;;) {
    const next = await session.call(() => pages.next());
    if (next.done) return;
    const run = next.value.taskQueue === queue ? refOf(next.value) : null;
    if (run) yield run;
  }
}

/** The runs of an environment that have not ended, newest first. */
export async function openRuns(session: Session, place: Place): Promise<readonly RunRef[]> {
  const runs: RunRef[] = [];
  for await (const run of listed(session, place, " AND ExecutionStatus = 'Running'")) runs.push(run);
  return runs;
}

/** The run with this deployment id, open or closed; `null` when the server knows none. */
export async function findRun(session: Session, place: Place, deploymentId: string): Promise<RunRef | null> {
  for await (const run of listed(session, place, '')) if (run.deploymentId === deploymentId) return run;
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
  throw notFound(`${place.environment} has no deployment ${JSON.stringify(deploymentId)}.`);
}

/** The environment's own word, or `undefined` when no worker is there to give it. */
async function statusIfAnswered(
  session: Session,
  place: Place,
): Promise<EnvironmentStatus | null | undefined> {
  return environmentStatus(session, place).catch((error: unknown) => {
    // Aborting must work while every worker is away: the server's list then has to do.
    if (isAway(error)) return undefined;
    throw error;
  });
}

/**
 * The run that a command without `--id` means: the one that holds the environment, or the only open one.
 * @throws SafeguardError RUN_NOT_FOUND when nothing runs, REQUEST_INVALID when it could be several
 */
export async function currentRun(session: Session, place: Place): Promise<RunRef> {
  const status = await statusIfAnswered(session, place);
  if (status?.holder) return { ...status.holder, phase: null };
  const open = await despiteLag(
    () => openRuns(session, place),
    (found) => found.length === 0,
  );
  const [run, ...others] = open;
  if (!run) throw notFound(nothingRuns(place, status));
  if (others.length === 0) return run;
  const ids = open.map(
    ({ deploymentId, version, phase }) => `${deploymentId} (${version}, ${phase ?? 'starting'})`,
  );
  throw new SafeguardError(
    'REQUEST_INVALID',
    `Several deployments of ${place.environment} are open; say which with --id: ${ids.join(', ')}`,
  );
}

function nothingRuns({ environment }: Place, status: EnvironmentStatus | null | undefined): string {
  const last = status?.history[0];
  const before = last
    ? ` The last one was ${last.deploymentId} (${last.version}), ${last.outcome} at ${last.at}.`
    : '';
  return `No deployment of ${environment} is running.${before}`;
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
