import { resolveRelease, verifyRelease } from '../adapters/release-directory.js';
import { readSecret, redact } from '../adapters/secrets.js';
import { needsAnsible } from '../config/ansible.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { SecretReference } from '../config/schema.js';
import { SafeguardError } from '../domain/errors.js';
import type { Policy } from '../domain/policy.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest, Provenance } from '../domain/run.js';
import { configured, type Dependencies } from './dependencies.js';
import { isHeldAlready } from './hold.js';
import { originOf } from './origin.js';
import { withPulse } from './pulse.js';

/** What a valid request comes to. */
export interface Validated {
  readonly release: Release;
  readonly policy: Policy;
  /** What is known of where the release comes from; activities of an earlier version don't say it. */
  readonly provenance?: Provenance;
  /** It would be held back now; workers of an earlier version leave it out. */
  readonly isHeld?: boolean;
}

/** Secrets that a release can't be deployed without. */
function secretReferences(
  environment: EnvironmentConfig,
): readonly (readonly [name: string, reference: SecretReference])[] {
  const ofComponents = Object.values(environment.components).flatMap((component) =>
    component.kind === 'systemd' ? Object.entries(component.secrets) : [],
  );
  const { migrations } = environment;
  return migrations ? [...ofComponents, ['migrations.password', migrations.password]] : ofComponents;
}

/** Takes the environment's secrets out of a text, as far as this worker knows them; one that it lacks can't be in its reach. */
export function withoutSecrets(environment: EnvironmentConfig, text: string): string {
  const token = environment.github?.token;
  const references = [...secretReferences(environment), ...(token ? [['github.token', token] as const] : [])];
  const values = references.flatMap(([name, reference]) => {
    try {
      return [readSecret(reference, name)];
    } catch (error) {
      // The way back must not need a secret only to hide it.
      if (error instanceof SafeguardError) return [];
      throw error;
    }
  });
  return redact(text, values);
}

/**
 * Judges a request before it takes anybody's place: environment, version, release, checksums of every file, secrets, and where the
 * release comes from.
 */
export async function validate(dependencies: Dependencies, request: DeploymentRequest): Promise<Validated> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const resolved = await resolveRelease(environment, request.version);
    const [isHeld] = await Promise.all([
      isHeldAlready(dependencies, environment),
      verifyRelease(environment, resolved),
      needsAnsible(environment) ? dependencies.ansible.assertThere(pulse.signal) : undefined,
    ]);
    for (const [name, reference] of secretReferences(environment)) readSecret(reference, name);
    const { release } = resolved;
    const provenance = await originOf(dependencies, environment, { request, release }, pulse);
    return { release, policy: environment.policy, provenance, isHeld };
  });
}
