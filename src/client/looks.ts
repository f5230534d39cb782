import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { newDeploymentId } from '../domain/deployment-id.js';
import { isErrorCode, SafeguardError } from '../domain/errors.js';
import type { HealthLook } from '../domain/check.js';
import type { PreflightLevel, PreflightReport } from '../domain/preflight.js';
import type { Verification } from '../domain/recovery.js';
import type { ReleaseSource } from '../domain/run.js';
import { attributes, lookWorkflowId, taskQueue, type LookKind } from '../workflows/messages.js';
import { environmentStatus, type Place } from './environments.js';
import { resultOf } from './result-of.js';
import type { Session } from './session.js';

/** A look that nobody waits for any more ends by itself. */
const LIMIT = '15 minutes';

/** What each look comes to. */
interface Looks {
  readonly verify: Verification;
  readonly health: HealthLook;
  readonly preflight: PreflightReport;
}

const SUMMARY: Readonly<Record<LookKind, string>> = {
  verify: 'Verify',
  health: 'Check the health of',
  preflight: 'Preflight of',
};

/**
 * Has what was committed looked at: compared with what every host serves (`verify`), or asked every check of it (`health`). Nothing is
 * changed.
 * @throws SafeguardError RUN_NOT_FOUND when nothing was ever deployed there, and what `look` throws
 */
export async function lookAt<K extends 'verify' | 'health'>(
  kind: K,
  session: Session,
  place: Place,
  requestedBy: string,
): Promise<Looks[K]> {
  const { environment } = place;
  if ((await environmentStatus(session, place)) === null)
    throw new SafeguardError(
      'RUN_NOT_FOUND',
      `Nothing was ever deployed to ${environment}; there is nothing to look at.`,
    );
  return look(kind, session, place, { requestedBy });
}

/** What a look is told beside its place. */
export interface LookWish {
  readonly requestedBy: string;
  readonly version?: string;
  readonly level?: PreflightLevel;
  readonly source?: ReleaseSource;
}

/**
 * Starts a look and waits for what it comes to.
 * @throws SafeguardError TEMPORAL_UNREACHABLE, or what the look itself failed with
 */
export async function look<K extends LookKind>(
  kind: K,
  session: Session,
  place: Place,
  wish: LookWish,
): Promise<Looks[K]> {
  const { application, environment } = place;
  const { requestedBy, version } = wish;
  const workflowId = lookWorkflowId(kind, environment, newDeploymentId(new Date(), Math.random));
  await session.call(() =>
    session.client.workflow.start(kind, {
      workflowId,
      taskQueue: taskQueue(application),
      args: [{ application, environment, ...wish }],
      typedSearchAttributes: attributes({
        application,
        environment,
        ...(version !== undefined && { version }),
      }),
      staticSummary: `${SUMMARY[kind]} ${environment} for ${requestedBy}`,
      workflowExecutionTimeout: LIMIT,
    }),
  );
  try {
    return (await resultOf(session, place, workflowId)) as Looks[K];
  } catch (error) {
    throw inItsOwnWords(error);
  }
}

/** What a look failed with, coded. It is one activity, and what that failed with is told, not that it failed. */
export function inItsOwnWords(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  const message = cause?.message ?? error.message;
  if (cause instanceof TimeoutFailure) return new SafeguardError('STEP_TIMEOUT', message, { cause: error });
  const code = cause instanceof ApplicationFailure && isErrorCode(cause.type) ? cause.type : 'INTERNAL';
  return new SafeguardError(code, message, { cause: error });
}
