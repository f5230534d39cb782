import { log } from '@temporalio/activity';
import { SafeguardError } from '../domain/errors.js';
import type { Policy } from '../domain/policy.js';
import { refusalOf, withoutPassed, type PreflightReport } from '../domain/preflight.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest, Provenance } from '../domain/run.js';
import { ansibleHost, isByAnsible } from './by-ansible.js';
import { configured, targetOf, type Dependencies } from './dependencies.js';
import { keepEvidence } from './evidence.js';
import { lookBefore } from './preflight/preflight.js';
import { withPulse } from './pulse.js';

/** What a valid request comes to. */
export interface Validated {
  readonly release: Release;
  readonly policy: Policy;
  /** What is known of where the release comes from; activities of an earlier version don't say it. */
  readonly provenance?: Provenance;
  /** It would be held back now; workers of an earlier version leave it out. */
  readonly isHeld?: boolean;
  /** What was looked at, without what passed; workers of an earlier version leave it out. */
  readonly preflight?: PreflightReport;
}

/** A request that the preflight objects to. */
export interface Refused {
  readonly refused: PreflightReport;
}

/** A request, and whether its run knows what to do with a preflight: those of an earlier version are judged by the basic one alone. */
export interface ValidateRequest extends DeploymentRequest {
  readonly preflight?: true;
}

/**
 * Judges a request before it takes anybody's place: environment, version, release, checksums of every file, secrets, where the
 * release comes from, and whatever else the preflight of the environment's level looks at (spec S3).
 * @throws SafeguardError, for runs of an earlier version, with the first objection's code
 */
export async function validate(
  dependencies: Dependencies,
  request: ValidateRequest,
): Promise<Validated | Refused> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const { application, version, source } = request;
    // The look at all hosts comes next: they are called while the archives are read.
    for (const host of environment.hosts) dependencies.ssh.anticipate(targetOf(environment, host));
    const isPlayed = Object.keys(environment.components).some((name) => isByAnsible(environment, name));
    if (isPlayed && request.dryRun !== true)
      dependencies.ansible.anticipate(environment.hosts.map((host) => ansibleHost(environment, host)));
    const wanted = {
      application,
      environment: request.environment,
      version,
      ...(source === undefined ? {} : { source }),
      ...(request.preflight === true ? {} : { level: 'basic' as const }),
      // It goes through its whole plan with Ansible in a moment.
      ...(request.dryRun === true ? { leaveOut: ['dry run'] as const } : {}),
    };
    const { report, resolved, provenance, isHeld } = await lookBefore(
      dependencies,
      environment,
      wanted,
      pulse,
    );
    const kept = await keepEvidence(dependencies, request, 'preflight', report);
    if ('why' in kept) log.warn('the preflight could not be kept beside the record', { error: kept.why });
    const refusal = refusalOf(report);
    if (refusal !== null || resolved === null || provenance === null) {
      if (request.preflight === true) return { refused: withoutPassed(report) };
      throw new SafeguardError(refusal?.code ?? 'INTERNAL', refusal?.message ?? 'There is no release.');
    }
    const { policy } = environment;
    return { release: resolved.release, policy, provenance, isHeld, preflight: withoutPassed(report) };
  });
}
