import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { assertVersion, environmentOf, type Config } from '../config/load.js';
import { newDeploymentId } from '../domain/deployment-id.js';
import { SafeguardError } from '../domain/errors.js';
import { objectionTo } from '../domain/request.js';
import type { DeploymentRequest } from '../domain/run.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { deploymentWorkflowId, taskQueue } from '../workflows/messages.js';
import { findRun } from './runs.js';
import { isAway, type Session } from './session.js';

/** What the command line says about a deployment. */
export interface Wish {
  readonly environment: string;
  readonly version: string;
  readonly requestedBy: string;
  readonly force: boolean;
  readonly adopt: string | null;
  /** Left out: a new one is made. */
  readonly id?: string | undefined;
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
    deploymentId: wish.id ?? newDeploymentId(new Date(), Math.random),
    requestedBy: wish.requestedBy,
    force: wish.force,
    adopt: wish.adopt,
  };
  const objection = objectionTo(request);
  if (objection !== null) throw new SafeguardError('REQUEST_INVALID', objection);
  return request;
}

/** One id is one deployment: it names its artifacts on the hosts and its place in the queue. */
async function assertIdIsFree(session: Session, request: DeploymentRequest): Promise<void> {
  const other = await findRun(session, request, request.deploymentId);
  if (!other || other.version === request.version) return;
  throw new SafeguardError(
    'REQUEST_INVALID',
    `Deployment id ${request.deploymentId} belongs to the deployment of ${other.version}; choose another, or leave --id out.`,
  );
}

function attributes({ application, environment, version }: DeploymentRequest) {
  const values = { application, environment, version };
  return (Object.keys(values) as (keyof typeof values)[]).map((name) => ({
    key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name], 'KEYWORD'),
    value: values[name],
  }));
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
        typedSearchAttributes: attributes(request),
        staticSummary: `Deploy ${version} to ${environment} for ${request.requestedBy}`,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      }),
    );
    return { workflowId, request, isNew: true };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, request, isNew: false };
    if (isAway(error)) throw mayHaveStarted(error, request);
    throw error;
  }
}

/** As `startDeployment`, for an id that a person chose. */
export async function startNamed(session: Session, request: DeploymentRequest): Promise<Started> {
  await assertIdIsFree(session, request);
  return startDeployment(session, request);
}

function mayHaveStarted(cause: SafeguardError, { deploymentId }: DeploymentRequest): SafeguardError {
  const message = `${cause.message} The deployment may have been started; the same command with --id ${deploymentId} finds it or starts it once.`;
  return new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
}
