import { resolveRelease, verifyRelease } from '../adapters/release-directory.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { Policy } from '../domain/policy.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest } from '../domain/run.js';
import { configured, type Dependencies } from './dependencies.js';
import { withPulse } from './pulse.js';

/** What a valid request comes to. */
export interface Validated {
  readonly release: Release;
  readonly policy: Policy;
}

/** Every secret of an environment by name, for use at once. */
export function secretsOf(environment: EnvironmentConfig): Map<string, string> {
  const ofComponents = Object.values(environment.components).flatMap((component) =>
    component.kind === 'systemd' ? Object.entries(component.secrets) : [],
  );
  const ofMigrations = environment.migrations
    ? [['migrations.password', environment.migrations.password] as const]
    : [];
  return new Map(
    [...ofComponents, ...ofMigrations].map(([name, reference]) => [name, readSecret(reference, name)]),
  );
}

/** Judges a request before it takes anybody's place: environment, version, release, checksums of every file, secrets. */
export async function validate(dependencies: Dependencies, request: DeploymentRequest): Promise<Validated> {
  return withPulse(async () => {
    const environment = configured(dependencies, request);
    const resolved = await resolveRelease(environment, request.version);
    await verifyRelease(environment, resolved);
    secretsOf(environment);
    return { release: resolved.release, policy: environment.policy };
  });
}
