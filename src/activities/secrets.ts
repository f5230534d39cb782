import { formsOf, readSecret, redact } from '../adapters/secrets.js';
import { smokeOf } from '../config/environment-smoke.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { SecretReference } from '../config/schema.js';
import { secretReferences } from '../config/secret-references.js';
import { SafeguardError } from '../domain/errors.js';

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
