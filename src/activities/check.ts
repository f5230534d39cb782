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
import { keepEvidence, type Kept } from './evidence.js';
import { look, lookingWith } from './look.js';
import { CHECK_BEAT_MS, withPulse, type Pulse } from './pulse.js';
import { withoutSecrets } from './secrets.js';
import { settled } from './settle.js';

/** Checks of a release, and the hosts to ask. */
export interface CheckRequest extends Where, Asked {
  readonly deploymentId: string;
  /** What fails is kept apart, for whoever asks why the release was taken back. */
  readonly diagnoses?: boolean;
}

/** What could not be kept is said as a warning. */
function unlessKept(kept: Kept): CheckResult[] {
  if ('file' in kept) return [];
  const what = { name: 'evidence kept', category: 'system', severity: 'warning', target: 'runner' } as const;
  return [{ ...what, verdict: 'fail', attempts: 1, durationMs: 0, evidence: kept.why }];
}

/** The way back is checked too, and its results take the place of these: what speaks against the new release is kept apart. */
async function diagnosed(
  dependencies: Dependencies,
  request: CheckRequest,
  report: HealthReport,
  results: readonly CheckResult[],
): Promise<HealthReport> {
  if (request.diagnoses !== true || report.healthy) return report;
  const failed = results.filter(({ verdict }) => verdict !== 'pass');
  const kept = await keepEvidence(dependencies, request, 'failed-checks', failed);
  return 'file' in kept ? { ...report, kept: kept.file } : report;
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
    const kept = await keepEvidence(dependencies, request, 'checks', results);
    const durationMs = Math.round(performance.now() - started);
    return diagnosed(
      dependencies,
      request,
      summarize([...results, ...unlessKept(kept)], durationMs),
      results,
    );
  }, CHECK_BEAT_MS);
}
