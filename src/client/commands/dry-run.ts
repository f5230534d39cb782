import { WorkflowFailedError } from '@temporalio/client';
import type { RecoveryRequest, RecoveryResult } from '../../domain/recovery.js';
import type { GlobalOptions } from '../options.js';
import type { StartedRecovery } from '../recoveries.js';
import { resultOf } from '../result-of.js';
import { endOfCompleted, endOfFailed, type RunEnd } from '../run-end.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';
import { describePlan } from '../view/recovery-plan.js';
import { describeEnd } from '../view/run-end.js';

/**
 * Waits for a recovery that only looks, and shows what it would do. Answers the exit status.
 * @throws SafeguardError TEMPORAL_UNREACHABLE when nobody looks
 */
export async function showPlan(
  session: Session,
  terminal: Terminal,
  { workflowId, request }: StartedRecovery,
  options: GlobalOptions,
): Promise<number> {
  const { environment, deploymentId, wish } = request;
  const { end, plan } = await dryRunEnd(session, workflowId, request);
  if (options.json)
    terminal.out(JSON.stringify({ workflowId, deploymentId, kind: wish.kind, environment, ...end, plan }));
  else {
    if (plan !== null) terminal.out(describePlan(plan, `${wish.kind} of ${environment}`, terminal.colour));
    if (plan === null || end.exitStatus !== 0) terminal.out(describeEnd(end, environment, terminal.colour));
  }
  return end.exitStatus;
}

async function dryRunEnd(
  session: Session,
  workflowId: string,
  request: RecoveryRequest,
): Promise<{ readonly end: RunEnd; readonly plan: RecoveryResult['plan'] }> {
  const { kind } = request.wish;
  try {
    const returned = (await resultOf(session, request, workflowId)) as RecoveryResult;
    return { end: endOfCompleted(returned, kind), plan: returned.plan };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { end: endOfFailed(error, kind), plan: null };
  }
}
