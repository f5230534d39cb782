import type { EnvironmentConfig } from './load.js';
import type { SecretReference } from './schema.js';

/** Secrets that a release can't be deployed without, and what people call each. */
export function secretReferences(
  environment: EnvironmentConfig,
): readonly (readonly [name: string, reference: SecretReference])[] {
  const ofComponents = Object.values(environment.components).flatMap((component) =>
    component.kind === 'systemd' ? Object.entries(component.secrets) : [],
  );
  const ofChecks = environment.ownChecks.flatMap((check) =>
    check.kind === 'http'
      ? Object.entries(check.secret_headers).map(([header, at]) => [`${check.name}: ${header}`, at] as const)
      : [],
  );
  const { migrations } = environment;
  const ofMigrations = migrations ? [['migrations.password', migrations.password] as const] : [];
  return [...ofComponents, ...ofMigrations, ...ofChecks];
}
