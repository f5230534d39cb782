import type { HashedPlan } from '../domain/plan.js';
import { completed, type Policy } from '../domain/policy.js';
import { outdated } from '../domain/approval.js';
import { describeRelease } from '../domain/release.js';
import { steps } from './activities.js';
import { approval } from './approval.js';
import { stepBack, takePlace } from './queue-place.js';
import type { Run } from './run.js';
import { counted, withTries } from './tries.js';

/** Judges what was asked for, before it may take anybody's place: version, release, checksums, secrets. */
export async function validate(run: Run): Promise<Policy> {
  const { release, policy } = await run.board.step('validate', [], () =>
    steps.validate.executeWithOptions(
      { startToCloseTimeout: '10m', summary: `release ${run.request.version}` },
      [run.request],
    ),
  );
  run.release = release;
  return completed(policy);
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

/**
 * Comes to a plan that is approved where policy asks for it and still true now that the environment is ours. What changed while
 * waiting voids an approval, and so does its age: the place is given back, and people are asked again.
 */
export async function agree(run: Run, policy: Policy): Promise<HashedPlan> {
  for (;;) {
    const approved = policy.approval.required ? await makePlan(run, policy, 'plan') : null;
    const given = approved && approved.kind !== 'noop' ? await approval(run, approved) : [];
    await takePlace(run);
    const plan = await makePlan(run, policy, approved ? 'look again' : 'plan');
    if (approved === null || plan.kind === 'noop') return plan;
    const old = outdated(completed(plan.policy).approval, given, Date.now());
    if (plan.hash === approved.hash && old.length === 0) return plan;
    const why =
      plan.hash === approved.hash
        ? `The approval by ${old.join(', ')} is too old by now and void.`
        : `The environment now has ${describeRelease(plan.from)}; the approval is void.`;
    run.board.enter('queued', why);
    await stepBack(run, `${why} Approval is asked again.`);
  }
}
