import { throughHost } from '../adapters/probes/dial.js';
import { dialOf } from '../adapters/probes/url.js';
import type { Slots } from '../adapters/slots.js';
import { readSecret } from '../adapters/secrets.js';
import { Stop } from '../adapters/stop.js';
import { turns } from '../checks/repeat.js';
import { smoke as carryOut, type SmokeRun } from '../checks/smoke.js';
import { siteOf, smokeOf, type DeploymentSmoke } from '../config/environment-smoke.js';
import type { EnvironmentConfig } from '../config/load.js';
import { trustedOf } from '../config/smoke.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostRef } from '../domain/plan.js';
import type { CheckPolicy } from '../domain/policy.js';
import {
  summarizeSmoke,
  type PlannedSmoke,
  type SmokeFinding,
  type SmokeReport,
} from '../domain/smoke-report.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { keepEvidence, type Kept } from './evidence.js';
import { CHECK_BEAT_MS, withPulse } from './pulse.js';
import { withoutSecrets } from './secrets.js';

/** The smoke tests of a plan, and the hosts that serve the release. */
export interface SmokeRequest extends Where {
  readonly deploymentId: string;
  readonly version: string;
  readonly smoke: PlannedSmoke;
  readonly hosts: readonly HostRef[];
  readonly policy: Pick<CheckPolicy, 'phaseTimeoutSeconds'>;
}

/** What was planned, and perhaps approved, is what is asked. */
function planned(environment: EnvironmentConfig, { smoke, version }: SmokeRequest): DeploymentSmoke {
  const now = smokeOf(environment, version);
  if (now?.sha256 === smoke.sha256 && now.level === smoke.level && now.url === smoke.url) return now;
  throw new SafeguardError(
    'SMOKE_FAILED',
    `The smoke tests in ${smoke.file} are others than those that were planned.`,
  );
}

/** A place that is asked, and what is particular about it. */
type Place = Pick<SmokeRun, 'base' | 'dial'> & { readonly target: string };

function placesOf(
  { ssh }: Dependencies,
  environment: EnvironmentConfig,
  { smoke, hosts }: SmokeRequest,
): Place[] {
  if (smoke.url !== null) return [{ target: smoke.url, base: new URL(smoke.url) }];
  const { port, name } = siteOf(environment);
  const base = new URL(`http://${name}:${port}`);
  return hosts.map((host) => ({
    target: host.name,
    base,
    // What a test names besides is asked from here.
    dial: (url) =>
      url.host === base.host ? throughHost(ssh, targetOf(environment, host), port) : dialOf(url),
  }));
}

/** What is the same at every place. */
function common(
  environment: EnvironmentConfig,
  { suite, asked }: DeploymentSmoke,
): Omit<SmokeRun, 'base' | 'signal'> {
  const secrets = Object.entries(suite.secrets).map(([name, reference]) => [
    name,
    readSecret(reference, `secrets.${name}`),
  ]);
  return {
    tests: asked,
    secrets: Object.fromEntries(secrets) as Record<string, string>,
    patience: { attempts: 1 + suite.retries, intervalMs: suite.intervalSeconds * 1000 },
    timeoutMs: suite.timeoutSeconds * 1000,
    ca: trustedOf(suite),
    hide: (text) => withoutSecrets(environment, text),
  };
}

/** The disk of the runner is no reason to take a release back, but it is said. */
function notKept({ why }: { readonly why: string }): SmokeFinding {
  const what = { name: 'results kept', level: 'essential', severity: 'warning', target: 'runner' } as const;
  return { ...what, verdict: 'fail', evidence: why, attempts: 1, durationMs: 0 };
}

function reportOf(results: readonly SmokeFinding[], durationMs: number, kept: Kept): SmokeReport {
  return 'file' in kept
    ? summarizeSmoke(results, durationMs, kept.file)
    : summarizeSmoke([...results, notKept(kept)], durationMs, null);
}

/**
 * Carries out the smoke tests of a deployment, at every place at once, and keeps all results beside the run's record.
 * @throws SafeguardError STEP_TIMEOUT, SMOKE_FAILED when the tests are not those of the plan, SECRET_MISSING, CONFIG_INVALID
 */
export async function smoke(dependencies: Dependencies, request: SmokeRequest): Promise<SmokeReport> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const started = performance.now();
    const { phaseTimeoutSeconds } = request.policy;
    let done = 0;
    const late = (): SafeguardError =>
      new SafeguardError(
        'STEP_TIMEOUT',
        `The smoke tests took longer than ${phaseTimeoutSeconds} s; ${done} were done.`,
      );
    const shared = common(environment, planned(environment, request));
    const places = placesOf(dependencies, environment, request);
    const phase = new Stop().with(pulse.signal).after(phaseTimeoutSeconds * 1000, late);
    const slots: Slots = turns();
    const onResult = (): void => {
      done += 1;
      pulse.say(`${done} smoke tests done`);
    };
    const at = async ({ target, ...place }: Place): Promise<SmokeFinding[]> => {
      const results = await carryOut({ ...shared, ...place, slots, onResult, signal: phase.signal });
      return results.map((result) => ({ ...result, target }));
    };
    const results = (await phase.race(Promise.all(places.map(at)))).flat();
    const kept = await keepEvidence(dependencies, request, 'smoke', results);
    return reportOf(results, Math.round(performance.now() - started), kept);
  }, CHECK_BEAT_MS);
}
