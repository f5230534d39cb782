import { WorkflowFailedError } from '@temporalio/client';
import { planByHost, planForAll } from '../../domain/plan-by-host.js';
import type { HashedPlan } from '../../domain/plan.js';
import type { Rehearsed } from '../../domain/rehearsal.js';
import type { DeploymentResult } from '../../domain/run.js';
import type { GlobalOptions } from '../options.js';
import { resultOf } from '../result-of.js';
import { endOfCompleted, endOfFailed, type RunEnd } from '../run-end.js';
import type { Session } from '../session.js';
import type { Started } from '../start.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { describeDeployment } from '../view/deployment-plan.js';
import { describeRehearsal } from '../view/rehearsal.js';
import { describeEnd } from '../view/run-end.js';

/**
 * Waits for a deployment that only looks, and shows what it would do. Answers the exit status.
 * @throws SafeguardError TEMPORAL_UNREACHABLE when nobody looks
 */
export async function showDryRun(
  session: Session,
  terminal: Terminal,
  { workflowId, request }: Started,
  options: GlobalOptions,
): Promise<number> {
  const { environment, version, deploymentId } = request;
  const { end, plan, rehearsal } = await endOf(session, request, workflowId);
  if (options.json)
    terminal.out(
      JSON.stringify({
        workflowId,
        deploymentId,
        environment,
        version,
        ...end,
        plan,
        rehearsal,
        hosts: plan && planByHost(plan),
        once: plan && planForAll(plan),
      }),
    );
  else {
    if (plan !== null) terminal.out(describeDeployment(plan, sheetOf(terminal)));
    if (rehearsal.length > 0) terminal.out(describeRehearsal(rehearsal, sheetOf(terminal)));
    terminal.out(describeEnd(end, environment, terminal.colour));
  }
  return end.exitStatus;
}

async function endOf(
  session: Session,
  place: { readonly application: string },
  workflowId: string,
): Promise<{
  readonly end: RunEnd;
  readonly plan: HashedPlan | null;
  readonly rehearsal: readonly Rehearsed[];
}> {
  try {
    const returned = (await resultOf(session, place, workflowId)) as DeploymentResult;
    const { plan = null, rehearsal = [] } = returned;
    return { end: endOfCompleted(returned, 'deployment'), plan, rehearsal };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { end: endOfFailed(error, 'deployment'), plan: null, rehearsal: [] };
  }
}
