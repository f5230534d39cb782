import { Stop } from '../adapters/stop.js';
import { repeated, turns } from '../checks/repeat.js';
import type { EnvironmentConfig } from '../config/load.js';
import {
  isPerHost,
  slowOnes,
  summarize,
  type Check,
  type CheckResult,
  type HealthReport,
} from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { CheckPolicy } from '../domain/policy.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { look, lookingWith } from './look.js';
import { CHECK_BEAT_MS, withPulse, type Pulse } from './pulse.js';
import { settled } from './settle.js';
import { withoutSecrets } from './validate.js';

/** Checks of a release, and the hosts to ask. */
export interface CheckRequest extends Where, Asked {
  readonly deploymentId: string;
}

/** A full disk of the runner must not stop a verdict, least of all on the way back; it is said as a warning. */
async function keepEvidence(
  { records }: Dependencies,
  request: CheckRequest,
  results: readonly CheckResult[],
): Promise<CheckResult[]> {
  try {
    await records.keepEvidence(request, 'checks', results);
    return [];
  } catch (error) {
    if (!(error instanceof SafeguardError)) throw error;
    const what = {
      name: 'evidence kept',
      category: 'system',
      severity: 'warning',
      target: 'runner',
    } as const;
    return [{ ...what, verdict: 'fail', attempts: 1, durationMs: 0, evidence: error.message }];
  }
}

/** What is asked of which hosts, and how patiently. */
export interface Asked {
  readonly hosts: readonly HostRef[];
  readonly checks: readonly Check[];
  readonly policy: CheckPolicy;
}

/** Something that is said while checks are asked. */
type Told = (done: number) => void;

/** Asks each check of each host that it is asked of, all at once. Rejects with the signal's reason. */
async function asked(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  { hosts, checks, policy }: Asked,
  signal: AbortSignal,
  told: Told,
): Promise<CheckResult[]> {
  let done = 0;
  const looking = lookingWith(dependencies);
  const limits = { signal, timeoutMs: policy.timeoutSeconds * 1000 };
  const slots = turns();
  const run = async (one: Check, host: HostRef | null): Promise<CheckResult> => {
    const { name, category, severity, attempts } = one;
    const patience = { attempts, intervalMs: policy.intervalSeconds * 1000 };
    const seen = await repeated(
      () => look(looking, environment, one, host, limits),
      patience,
      slots,
      signal,
      (evidence) => withoutSecrets(environment, evidence),
    );
    done += 1;
    told(done);
    return { name, category, severity, target: host?.name ?? 'environment', ...seen };
  };
  return Promise.all(
    checks.flatMap((one) => (isPerHost(one) ? hosts.map((host) => run(one, host)) : [run(one, null)])),
  );
}

/**
 * Asks every check on every host at once, with its retries; where the policy gives a time to settle and all critical ones passed, those
 * are asked again until it is over, and one that passes no more has failed.
 * @throws SafeguardError STEP_TIMEOUT when the phase took longer than it may; the time to settle is no part of it
 */
export async function askAll(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  request: Asked,
  pulse: Pulse,
): Promise<CheckResult[]> {
  const { policy, checks } = request;
  let done = 0;
  const { stabiliseSeconds = 0 } = policy;
  const late = (): SafeguardError =>
    new SafeguardError(
      'STEP_TIMEOUT',
      `The checks took longer than ${policy.phaseTimeoutSeconds} s; ${done} were done.`,
    );
  const told: Told = (now) => {
    done = now;
    pulse.say(`${done} checks done`);
  };
  const phase = new Stop().with(pulse.signal).after(policy.phaseTimeoutSeconds * 1000, late);
  const first = await phase.race(asked(dependencies, environment, request, phase.signal, told));
  const results = [...first, ...slowOnes(first, policy.slowMs)];
  if (stabiliseSeconds === 0 || !summarize(results, 0).healthy) return results;
  const again = checks.filter(({ severity }) => severity === 'critical');
  const once = { ...request, checks: again.map((one) => ({ ...one, attempts: 1 })) };
  const settling = new Stop()
    .with(pulse.signal)
    .after((stabiliseSeconds + policy.phaseTimeoutSeconds) * 1000, late);
  const times = { stabiliseMs: stabiliseSeconds * 1000, intervalMs: policy.intervalSeconds * 1000 };
  const round = (): Promise<CheckResult[]> =>
    asked(dependencies, environment, once, settling.signal, (now) =>
      pulse.say(`settling: ${now} checks done`),
    );
  return settling.race(settled(results, times, round, settling.signal));
}

/**
 * Asks every check of a release, and keeps all results beside the run's record.
 * @throws SafeguardError STEP_TIMEOUT
 */
export async function check(dependencies: Dependencies, request: CheckRequest): Promise<HealthReport> {
  return withPulse(async (pulse) => {
    const started = performance.now();
    const results = await askAll(dependencies, configured(dependencies, request), request, pulse);
    const kept = await keepEvidence(dependencies, request, results);
    return summarize([...results, ...kept], Math.round(performance.now() - started));
  }, CHECK_BEAT_MS);
}
