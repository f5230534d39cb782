import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { assertVersion, environmentOf, type Config } from '../config/load.js';
import { newDeploymentId } from '../domain/deployment-id.js';
import { SafeguardError } from '../domain/errors.js';
import { objectionTo } from '../domain/request.js';
import type { DeploymentRequest, ReleaseSource } from '../domain/run.js';
import { attributes, deploymentWorkflowId, taskQueue } from '../workflows/messages.js';
import { ciId } from './ci.js';
import type { Place } from './environments.js';
import { findRun } from './runs.js';
import { isAway, type Session } from './session.js';

/** What the command line says about a deployment. */
export interface Wish {
  readonly environment: string;
  readonly version: string;
  readonly requestedBy: string;
  readonly force: boolean;
  readonly adopt: string | null;
  /** Left out: a job of GitHub Actions has one of its own, for others a new one is made. */
  readonly id?: string | undefined;
  readonly ifBusy?: 'wait' | 'fail' | undefined;
  readonly maxWaitSeconds?: number | undefined;
  readonly override?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly source?: ReleaseSource | undefined;
}

/** A deployment that the server knows. */
export interface Started {
  readonly workflowId: string;
  readonly request: DeploymentRequest;
  /** False when it was there already, under the same id. */
  readonly isNew: boolean;
}

/**
 * A request that is in order, before anybody is asked to carry it out.
 * @throws SafeguardError ENVIRONMENT_UNKNOWN, VERSION_INVALID, REQUEST_INVALID
 */
export function requestOf(config: Config, wish: Wish): DeploymentRequest {
  const environment = environmentOf(config, wish.environment);
  assertVersion(environment, wish.version);
  const request: DeploymentRequest = {
    application: config.application,
    environment: environment.name,
    version: wish.version,
    deploymentId: wish.id ?? ownId(config, wish),
    requestedBy: wish.requestedBy,
    force: wish.force,
    adopt: wish.adopt,
    ...(wish.ifBusy === undefined ? {} : { ifBusy: wish.ifBusy }),
    ...(wish.maxWaitSeconds === undefined ? {} : { maxWaitSeconds: wish.maxWaitSeconds }),
    ...(wish.override === undefined ? {} : { override: wish.override }),
    ...(wish.dryRun === true ? { dryRun: true } : {}),
    ...(wish.source === undefined ? {} : { source: wish.source }),
  };
  const objection = objectionTo(request);
  if (objection !== null) throw new SafeguardError('REQUEST_INVALID', objection);
  return request;
}

function ownId({ application }: Config, { environment, version, dryRun = false }: Wish): string {
  const ofJob = ciId(process.env, { application, environment, version, dryRun });
  return ofJob ?? newDeploymentId(new Date(), Math.random);
}

/**
 * One id is one run: it names its artifacts on the hosts and its place in the queue. `mine` is the workflow that it may belong to.
 * @throws SafeguardError REQUEST_INVALID
 */
export async function assertIdIsFree(
  session: Session,
  place: Place,
  deploymentId: string,
  mine: string,
): Promise<void> {
  const other = await findRun(session, place, deploymentId);
  if (!other || other.workflowId === mine) return;
  const what = other.kind === 'deployment' ? `deployment of ${other.version}` : other.kind;
  throw new SafeguardError(
    'REQUEST_INVALID',
    `Deployment id ${deploymentId} belongs to the ${what}; choose another, or leave --id out.`,
  );
}

/**
 * Starts the deployment, or finds it under its id. The server knows it when this returns.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED, REQUEST_INVALID
 */
export async function startDeployment(session: Session, request: DeploymentRequest): Promise<Started> {
  const { environment, version, deploymentId, application } = request;
  const workflowId = deploymentWorkflowId(environment, version, deploymentId);
  try {
    await session.call(() =>
      session.client.workflow.start('deployment', {
        workflowId,
        taskQueue: taskQueue(application),
        args: [request],
        typedSearchAttributes: attributes({ application, environment, version }),
        staticSummary: `Deploy ${version} to ${environment} for ${request.requestedBy}`,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      }),
    );
    return { workflowId, request, isNew: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, request, isNew: false };
    if (isAway(error)) throw mayHaveStarted(error, deploymentId);
    throw error;
  }
}

/** As `startDeployment`, for an id that a person chose. */
export async function startNamed(session: Session, request: DeploymentRequest): Promise<Started> {
  const { environment, version, deploymentId } = request;
  const mine = deploymentWorkflowId(environment, version, deploymentId);
  await assertIdIsFree(session, request, deploymentId, mine);
  return startDeployment(session, request);
}

/** The server did not answer, which does not say that it did nothing. */
export function mayHaveStarted(cause: SafeguardError, deploymentId: string): SafeguardError {
  const message = `${cause.message} The run may have been started; the same command with --id ${deploymentId} finds it or starts it once.`;
  return new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
}
