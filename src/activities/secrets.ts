import { readSecret, redact } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { SecretReference } from '../config/schema.js';
import { SafeguardError } from '../domain/errors.js';

/** Secrets that a release can't be deployed without. */
export function secretReferences(
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
