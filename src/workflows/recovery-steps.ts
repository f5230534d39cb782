import { log } from '@temporalio/workflow';
import type { HostRef } from '../domain/plan.js';
import type { RecoveryPlan } from '../domain/recovery.js';
import { describeRelease } from '../domain/release.js';
import { steps } from './activities.js';
import { failureOf } from './failures.js';
import { limits, onHosts } from './host-steps.js';
import type { Run } from './run.js';

/**
 * Brings the target's bytes to the hosts that lack it, or makes them there from what lies on them. Where a host that answers can't be
 * supplied, a rollback does not begin: the others would serve the target, and that host could not. All other recoveries go to what
 * serves already; they try such a host all the same, and the restore says what is missing.
 */
export async function supply(run: Run, plan: RecoveryPlan): Promise<void> {
  const { to, compose, policy } = plan;
  const answering = plan.hosts.filter(({ name }) => !plan.silent.includes(name));
  const hosts = compose ? answering : answering.filter(({ name }) => plan.supply.includes(name));
  if (to === null || hosts.length === 0) return;
  const { stepTimeoutSeconds: timeoutSeconds } = policy;
  try {
    await onHosts(run, { hosts, policy }, 'supply', (call) => {
      const options = limits(plan, `${call.host.name}: supply ${to.version}`);
      return compose
        ? steps.compose.executeWithOptions(options, [
            { ...call, ...compose, digest: to.digest, timeoutSeconds },
          ])
        : // Whoever goes back may need nothing but SSH.
          steps.stage.executeWithOptions(options, [{ ...call, release: to, timeoutSeconds, over: 'ssh' }]);
    });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === 'RUN_WAS_RESET' || run.kind === 'rollback') throw error;
    log.warn('not every host could be supplied', { release: describeRelease(to), error: failure.message });
  }
}

/** Takes an evicted host out of traffic; answers why that could not be seen, or `null`. */
export async function withdraw(run: Run, host: HostRef, plan: RecoveryPlan): Promise<string | null> {
  const reason = `evicted: ${run.request.deploymentId}`;
  try {
    await onHosts(run, { hosts: [host], policy: plan.policy }, 'withdraw', (call) =>
      steps.withdraw.executeWithOptions(limits(plan, `${host.name}: out of traffic`), [
        { ...call, reason, timeoutSeconds: plan.policy.stepTimeoutSeconds },
      ]),
    );
    return null;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === 'RUN_WAS_RESET') throw error;
    return failure.message;
  }
}
