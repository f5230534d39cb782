import type { HashedPlan } from '../domain/plan.js';
import type { Rehearsed } from '../domain/rehearsal.js';
import { steps } from './activities.js';
import { limits } from './host-steps.js';
import { names, type Run } from './run.js';

/** Has Ansible go through its part of a plan in check mode on every host; nothing is changed. Answers nothing where it has no part. */
export async function rehearsed(run: Run, plan: HashedPlan): Promise<readonly Rehearsed[]> {
  const components = plan.steps.flatMap(({ by, component }) =>
    by && component !== undefined ? [component] : [],
  );
  if (components.length === 0) return [];
  const { deploymentId } = run.request;
  const timeoutSeconds = plan.policy.stepTimeoutSeconds;
  return run.board.step('rehearse', names(plan.hosts), (mark) =>
    Promise.all(
      plan.hosts.map(async (host) => {
        const answer = await steps.rehearse.executeWithOptions(limits(plan, `${host.name}: --check --diff`), [
          { ...run.target, host, release: plan.to, components, deploymentId, timeoutSeconds },
        ]);
        mark(host.name, 'done');
        return answer;
      }),
    ),
  );
}
