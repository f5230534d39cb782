import { setTimeout as delay } from 'node:timers/promises';
import { Stop } from '../adapters/stop.js';
import { isPerHost, summarize, type Check, type CheckResult, type HealthReport } from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { CheckPolicy } from '../domain/policy.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { look, type Finding } from './look.js';
import { withPulse } from './pulse.js';

/** Checks of a release, and the hosts to ask. */
export interface CheckRequest extends Where {
  readonly deploymentId: string;
  readonly hosts: readonly HostRef[];
  readonly checks: readonly Check[];
  readonly policy: CheckPolicy;
}

const EVIDENCE_CHARACTERS = 300;

async function carryOut(
  check: Check,
  lookOnce: () => Promise<Finding>,
  policy: CheckPolicy,
  target: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const started = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    const finding = await lookOnce();
    if (finding.ok || attempts >= check.attempts) {
      return {
        name: check.name,
        category: check.category,
        severity: check.severity,
        target,
        verdict: finding.ok ? 'pass' : 'fail',
        attempts,
        durationMs: Math.round(performance.now() - started),
        evidence: finding.evidence.slice(0, EVIDENCE_CHARACTERS),
      };
    }
    await delay(policy.intervalSeconds * 1000, undefined, { signal });
  }
}

/**
 * Asks every check on every host at once, with its retries, and keeps all results beside the run's record.
 * @throws SafeguardError STEP_TIMEOUT when the phase took longer than it may
 */
export async function check(dependencies: Dependencies, request: CheckRequest): Promise<HealthReport> {
  return withPulse(async (pulse) => {
    const { policy, hosts, checks } = request;
    const environment = configured(dependencies, request);
    const started = performance.now();
    let done = 0;
    const late = (): SafeguardError =>
      new SafeguardError(
        'STEP_TIMEOUT',
        `The checks took longer than ${policy.phaseTimeoutSeconds} s; ${done} were done.`,
      );
    const phase = new Stop().with(pulse.signal).after(policy.phaseTimeoutSeconds * 1000, late);
    const limits = { signal: phase.signal, timeoutMs: policy.timeoutSeconds * 1000 };
    const run = async (one: Check, host: HostRef | null): Promise<CheckResult> => {
      const lookOnce = (): Promise<Finding> => look(dependencies, environment, one, host, limits);
      const result = await carryOut(one, lookOnce, policy, host?.name ?? 'environment', phase.signal);
      done += 1;
      pulse.say(`${done} checks done`);
      return result;
    };
    const results = await phase.race(
      Promise.all(
        checks.flatMap((one) => (isPerHost(one) ? hosts.map((host) => run(one, host)) : [run(one, null)])),
      ),
    );
    await dependencies.records.keepEvidence(request, 'checks', results);
    return summarize(results, Math.round(performance.now() - started));
  });
}
