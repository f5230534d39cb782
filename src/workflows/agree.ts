import { CancellationScope, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { HashedPlan } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import { describeRelease } from '../domain/release.js';
import { duties, steps } from './activities.js';
import { approval } from './approval.js';
import * as messages from './messages.js';
import type { Run } from './run.js';
import { counted, withTries } from './tries.js';

/** The environment's entity workflow, as runs talk to it. */
export function environmentOf(run: Run): ReturnType<typeof getExternalWorkflowHandle> {
  const { application, environment } = run.target;
  return getExternalWorkflowHandle(messages.environmentWorkflowId(application, environment));
}

/** Judges what was asked for, before it may take anybody's place: version, release, checksums, secrets. */
export async function validate(run: Run): Promise<Policy> {
  const { release, policy } = await run.board.step('validate', [], () =>
    steps.validate.executeWithOptions(
      { startToCloseTimeout: '10m', summary: `release ${run.request.version}` },
      [run.request],
    ),
  );
  run.release = release;
  return policy;
}

async function makePlan(run: Run, policy: Policy, title: string): Promise<HashedPlan> {
  const { tries, delaySeconds } = policy.retries;
  const { plan, epoch } = await run.board.step(title, [], () =>
    withTries(counted(tries, delaySeconds), { step: title }, () =>
      steps.plan.executeWithOptions({ startToCloseTimeout: '10m', summary: title }, [
        { request: run.request, grant: run.grant },
      ]),
    ),
  );
  if (run.grant) run.grant = { ...run.grant, epoch };
  run.planHash = plan.hash;
  run.committed = plan.from;
  run.board.planned(plan.from?.version ?? null, plan.hash);
  return plan;
}

/** A run that waits says again that it does, after so many milliseconds. */
const JOIN_AGAIN_MS = 600_000;

/** Joins the environment's queue and waits to be let in. */
export async function takePlace(run: Run): Promise<void> {
  const { deploymentId, version, requestedBy } = run.request;
  const { workflowId, runId } = workflowInfo();
  run.board.enter('queued', `Waiting for ${run.target.environment}.`);
  run.enqueued = true;
  const enqueuedAt = new Date().toISOString();
  do {
    // Not to be cancelled half-way: whoever leaves must be sure that nothing joins after that.
    await CancellationScope.nonCancellable(() =>
      duties.enqueue({
        ...run.target,
        run: { kind: run.kind, deploymentId, version, requestedBy, workflowId, runId, enqueuedAt },
      }),
    );
    // Somebody may terminate the environment's workflow, and its queue with it; who has a place keeps it.
  } while (!(await run.granted(JOIN_AGAIN_MS)));
}

/** Gives the place back, to ask for it again later. */
async function stepBack(run: Run): Promise<void> {
  const { deploymentId } = run.request;
  run.grant = null;
  await environmentOf(run).signal(messages.release, {
    deploymentId,
    runId: workflowInfo().runId,
    outcome: null,
    message: 'the plan changed; approval is asked again',
  });
}

/**
 * Comes to a plan that is approved where policy asks for it and still true now that the environment is ours. What changed while
 * waiting voids an approval: the place is given back, and people are asked again.
 */
export async function agree(run: Run, policy: Policy): Promise<HashedPlan> {
  for (;;) {
    const approved = policy.approval.required ? await makePlan(run, policy, 'plan') : null;
    if (approved && approved.kind !== 'noop') await approval(run, approved);
    await takePlace(run);
    const plan = await makePlan(run, policy, approved ? 'look again' : 'plan');
    if (approved === null || plan.kind === 'noop' || plan.hash === approved.hash) return plan;
    run.board.enter('queued', `The environment now has ${describeRelease(plan.from)}; the approval is void.`);
    await stepBack(run);
  }
}
