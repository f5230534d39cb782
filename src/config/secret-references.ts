import type { EnvironmentConfig } from './load.js';
import type { SecretReference } from './schema.js';

type Named = readonly [name: string, reference: SecretReference];

function headers(of: string, all: Readonly<Record<string, SecretReference>>): Named[] {
  return Object.entries(all).map(([header, at]) => [`${of}: ${header}`, at]);
}

/** Secrets that a release can't be deployed without, and what people call each. */
export function secretReferences(environment: EnvironmentConfig): readonly Named[] {
  const ofComponents = Object.values(environment.components).flatMap((component) =>
    component.kind === 'systemd' ? Object.entries(component.secrets) : [],
  );
  const ofChecks = environment.ownChecks.flatMap((check) =>
    'secret_headers' in check ? headers(check.name, check.secret_headers) : [],
  );
  const { migrations, prometheus } = environment;
  const ofPrometheus = headers('prometheus', prometheus?.secretHeaders ?? {});
  const ofMigrations = migrations ? [['migrations.password', migrations.password] as const] : [];
  return [...ofComponents, ...ofMigrations, ...ofPrometheus, ...ofChecks];
}
