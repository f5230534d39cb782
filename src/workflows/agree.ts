import type { HashedPlan } from '../domain/plan.js';
import { completed, type Policy } from '../domain/policy.js';
import { describeProvenance } from '../domain/provenance.js';
import { describeRelease } from '../domain/release.js';
import { steps } from './activities.js';
import { approval } from './approval.js';
import { stepBack, takePlace } from './queue-place.js';
import type { Run } from './run.js';
import { counted, withTries } from './tries.js';

/** Judges what was asked for, before it may take anybody's place: version, release, checksums, secrets, origin. */
export async function validate(run: Run): Promise<Policy> {
  const { release, policy, provenance } = await run.board.step(
    'validate',
    [],
    () =>
      steps.validate.executeWithOptions(
        { startToCloseTimeout: '10m', summary: `release ${run.request.version}` },
        [run.request],
      ),
    (validated) => describeProvenance(validated.provenance),
  );
  run.release = release;
  run.provenance = provenance ?? null;
  return completed(policy);
}

async function makePlan(run: Run, policy: Policy, title: string): Promise<HashedPlan> {
  const { tries, delaySeconds } = policy.retries;
  const captures = run.governed;
  const summary = captures && run.grant ? `${title} and capture` : title;
  const { plan, epoch, captured } = await run.board.step(title, [], () =>
    withTries(counted(tries, delaySeconds), { step: title }, () =>
      steps.plan.executeWithOptions({ startToCloseTimeout: '10m', summary }, [
        { request: run.request, grant: run.grant, ...(captures && { captures }) },
      ]),
    ),
  );
  run.captured = captured ?? false;
  if (run.grant) run.grant = { ...run.grant, epoch };
  run.planHash = plan.hash;
  run.committed = plan.from;
  run.board.planned(plan.from?.version ?? null, plan.hash);
  return plan;
}

/**
 * Comes to a plan that is approved where policy asks for it and still true now that the environment is ours. What changed while
 * waiting voids an approval: the place is given back, and people are asked again.
 */
export async function agree(run: Run, policy: Policy): Promise<HashedPlan> {
  for (;;) {
    const approved = policy.approval.required ? await makePlan(run, policy, 'plan') : null;
    if (approved && approved.kind !== 'noop') await approval(run, approved);
    await takePlace(run, policy.queue);
    const plan = await makePlan(run, policy, approved ? 'look again' : 'plan');
    if (approved === null || plan.kind === 'noop' || plan.hash === approved.hash) return plan;
    run.board.enter('queued', `The environment now has ${describeRelease(plan.from)}; the approval is void.`);
    await stepBack(run);
  }
}
