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

/**
 * Asks every check on every host at once, with its retries.
 * @throws SafeguardError STEP_TIMEOUT when the phase took longer than it may
 */
export async function askAll(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  { hosts, checks, policy }: Asked,
  pulse: Pulse,
): Promise<CheckResult[]> {
  let done = 0;
  const late = (): SafeguardError =>
    new SafeguardError(
      'STEP_TIMEOUT',
      `The checks took longer than ${policy.phaseTimeoutSeconds} s; ${done} were done.`,
    );
  const phase = new Stop().with(pulse.signal).after(policy.phaseTimeoutSeconds * 1000, late);
  const looking = lookingWith(dependencies);
  const limits = { signal: phase.signal, timeoutMs: policy.timeoutSeconds * 1000 };
  const slots = turns();
  const run = async (one: Check, host: HostRef | null): Promise<CheckResult> => {
    const { name, category, severity, attempts } = one;
    const patience = { attempts, intervalMs: policy.intervalSeconds * 1000 };
    const seen = await repeated(
      () => look(looking, environment, one, host, limits),
      patience,
      slots,
      phase.signal,
      (evidence) => withoutSecrets(environment, evidence),
    );
    done += 1;
    pulse.say(`${done} checks done`);
    return { name, category, severity, target: host?.name ?? 'environment', ...seen };
  };
  const results = await phase.race(
    Promise.all(
      checks.flatMap((one) => (isPerHost(one) ? hosts.map((host) => run(one, host)) : [run(one, null)])),
    ),
  );
  return [...results, ...slowOnes(results, policy.slowMs)];
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
