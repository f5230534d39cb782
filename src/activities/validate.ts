import { resolveRelease, verifyRelease } from '../adapters/release-directory.js';
import { formsOf, readSecret, redact } from '../adapters/secrets.js';
import { needsAnsible } from '../config/ansible.js';
import { smokeOf } from '../config/environment-smoke.js';
import type { EnvironmentConfig } from '../config/load.js';
import { trustedOf } from '../config/smoke.js';
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

function valueIfThere(name: string, reference: SecretReference): string[] {
  try {
    return [readSecret(reference, name)];
  } catch (error) {
    // The way back must not need a secret only to hide it.
    if (error instanceof SafeguardError) return [];
    throw error;
  }
}

/** Takes the environment's secrets out of a text, as far as this worker knows them; one that it lacks can't be in its reach. */
export function withoutSecrets(environment: EnvironmentConfig, text: string): string {
  const token = environment.github?.token;
  const references = [...secretReferences(environment), ...(token ? [['github.token', token] as const] : [])];
  const values = references.flatMap(([name, reference]) => valueIfThere(name, reference));
  return redact(text, values.flatMap(formsOf));
}

/** The same for the secrets of smoke tests, which services may have written to their logs. Never throws: the way back needs none of it. */
export function withoutSmokeSecrets(
  environment: EnvironmentConfig,
  version: string,
): (text: string) => string {
  const values = smokeSecrets(environment, version).flatMap(formsOf);
  return (text) => redact(text, values);
}

function smokeSecrets(environment: EnvironmentConfig, version: string): string[] {
  try {
    const secrets = Object.entries(smokeOf(environment, version)?.suite.secrets ?? {});
    const values = secrets.flatMap(([name, reference]) => valueIfThere(name, reference));
    // A shorter value is in too many texts to be taken out of them.
    return values.filter(({ length }) => length >= 4);
  } catch (error) {
    // A file that was spoilt since it was validated; nothing of it can be known.
    if (error instanceof SafeguardError) return [];
    throw error;
  }
}

/** Smoke tests that could not be carried out would take a good release back. */
function assertSmoke(environment: EnvironmentConfig, version: string): void {
  const smoke = smokeOf(environment, version);
  if (smoke === null) return;
  trustedOf(smoke.suite);
  for (const [name, reference] of Object.entries(smoke.suite.secrets))
    readSecret(reference, `smoke secrets.${name}`);
}

/**
 * Judges a request before it takes anybody's place: environment, version, release, checksums of every file, secrets, smoke tests, and where the
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
    assertSmoke(environment, request.version);
    const { release } = resolved;
    const provenance = await originOf(dependencies, environment, { request, release }, pulse);
    return { release, policy: environment.policy, provenance, isHeld };
  });
}
