import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import { newDeploymentId } from '../domain/deployment-id.js';
import { SafeguardError } from '../domain/errors.js';
import { objectionToRecovery } from '../domain/request.js';
import type { RecoveryRequest, RecoveryWish } from '../domain/recovery.js';
import { attributes, recoveryWorkflowId, taskQueue } from '../workflows/messages.js';
import type { Place } from './environments.js';
import { isAway, type Session } from './session.js';
import { assertIdIsFree, mayHaveStarted } from './start.js';

/** What the command line says about a recovery. */
export interface Asked {
  readonly requestedBy: string;
  readonly reason: string;
  readonly dryRun: boolean;
  /** Left out: a new one is made. */
  readonly id?: string | undefined;
}

/** A recovery that the server knows. */
export interface StartedRecovery {
  readonly workflowId: string;
  readonly request: RecoveryRequest;
  /** False when it was there already, under the same id. */
  readonly isNew: boolean;
}

/**
 * A request that is in order, before anybody is asked to carry it out.
 * @throws SafeguardError REQUEST_INVALID
 */
export function recoveryRequest(
  { application, environment }: Place,
  wish: RecoveryWish,
  asked: Asked,
): RecoveryRequest {
  const { requestedBy, reason, dryRun } = asked;
  const deploymentId = asked.id ?? newDeploymentId(new Date(), Math.random);
  const request = { application, environment, deploymentId, requestedBy, reason, wish, dryRun };
  const objection = objectionToRecovery(request);
  if (objection !== null) throw new SafeguardError('REQUEST_INVALID', objection);
  return request;
}

/** What makes two requests under one id the same: not who asks, nor why. */
function intentOf({ wish, dryRun }: RecoveryRequest): string {
  return canonicalJson({ wish, dryRun } as unknown as Json);
}

function versionOf({ wish }: RecoveryRequest): string {
  return wish.kind === 'rollback' ? (wish.to ?? '') : '';
}

function begin(session: Session, workflowId: string, request: RecoveryRequest) {
  const { application, environment, requestedBy, reason, wish, dryRun } = request;
  const what = dryRun ? `${wish.kind} (dry run)` : wish.kind;
  return session.client.workflow.start('recovery', {
    workflowId,
    taskQueue: taskQueue(application),
    args: [request],
    typedSearchAttributes: attributes({ application, environment, version: versionOf(request) }),
    memo: { intent: intentOf(request) },
    staticSummary: `${environment}: ${what} for ${requestedBy}: ${reason}`,
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  });
}

/** Whoever attaches to a run by its id must not take it for something else. */
async function assertSameIntent(
  session: Session,
  workflowId: string,
  request: RecoveryRequest,
): Promise<void> {
  const { memo } = await session.call(() => session.client.workflow.getHandle(workflowId).describe());
  const theirs = memo?.['intent'];
  if (theirs === undefined || theirs === intentOf(request)) return;
  throw new SafeguardError(
    'REQUEST_INVALID',
    `Deployment id ${request.deploymentId} belongs to a ${request.wish.kind} that was asked for otherwise; choose another, or leave --id out.`,
  );
}

/**
 * Starts the recovery, or finds it under its id. The server knows it when this returns.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED, REQUEST_INVALID
 */
export async function startRecovery(session: Session, request: RecoveryRequest): Promise<StartedRecovery> {
  const { environment, deploymentId, wish } = request;
  const workflowId = recoveryWorkflowId(wish.kind, environment, deploymentId);
  try {
    await session.call(() => begin(session, workflowId, request));
    return { workflowId, request, isNew: true };
  } catch (error) {
    if (isAway(error)) throw mayHaveStarted(error, deploymentId);
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  await assertSameIntent(session, workflowId, request);
  return { workflowId, request, isNew: false };
}

/** As `startRecovery`, for an id that a person chose. */
export async function startNamedRecovery(
  session: Session,
  request: RecoveryRequest,
): Promise<StartedRecovery> {
  const { environment, deploymentId, wish } = request;
  const mine = recoveryWorkflowId(wish.kind, environment, deploymentId);
  await assertIdIsFree(session, request, deploymentId, mine);
  return startRecovery(session, request);
}
