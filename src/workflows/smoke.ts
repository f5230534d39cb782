import { describeFailures } from '../domain/check.js';
import type { HashedPlan } from '../domain/plan.js';
import type { PlannedSmoke } from '../domain/smoke-report.js';
import { steps } from './activities.js';
import { coded } from './failures.js';
import { checkLimits } from './host-steps.js';
import { names, type Run } from './run.js';

/**
 * Carries out the smoke tests of the plan against what now serves; nothing is committed yet.
 * @throws ApplicationFailure SMOKE_FAILED when a critical one does not pass
 */
export async function smokeTests(run: Run, plan: HashedPlan, smoke: PlannedSmoke): Promise<void> {
  const title = 'smoke tests';
  const asked = smoke.url === null ? names(plan.hosts) : [];
  await run.board.step(
    title,
    asked,
    async (mark) => {
      const report = await steps.smoke.executeWithOptions(
        checkLimits(plan.policy, `${smoke.level} smoke tests of ${plan.to.version}`),
        [
          {
            ...run.target,
            deploymentId: run.request.deploymentId,
            version: plan.to.version,
            smoke,
            hosts: plan.hosts,
            policy: plan.policy.checks,
          },
        ],
      );
      run.smoke = report;
      if (report.healthy) return report;
      const critical = report.failed.filter(({ severity }) => severity === 'critical');
      for (const name of asked)
        mark(name, critical.some(({ target }) => target === name) ? 'failed' : 'done');
      if (report.kept !== null) run.diagnostics = [report.kept];
      throw coded({ code: 'SMOKE_FAILED', message: describeFailures(report, 'smoke tests'), step: title });
    },
    ({ passed }) => `${passed} passed`,
  );
}
