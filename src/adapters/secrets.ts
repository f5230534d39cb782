import { readFileSync } from 'node:fs';
import type { SecretReference } from '../config/schema.js';
import { SafeguardError } from '../domain/errors.js';

/** How a reference reads in messages; never the value. */
export function describeReference(reference: SecretReference): string {
  return 'env' in reference ? `environment variable ${reference.env}` : `file ${reference.file}`;
}

/**
 * The value behind a reference. Asked for at the moment of use, inside an activity, and kept nowhere.
 * @throws SafeguardError SECRET_MISSING
 */
export function readSecret(reference: SecretReference, name: string): string {
  const value = 'env' in reference ? process.env[reference.env] : readFile(reference.file, name);
  if (value !== undefined && value !== '') return value;
  throw new SafeguardError(
    'SECRET_MISSING',
    `The secret ${name} is empty or not there (${describeReference(reference)}).`,
  );
}

function readFile(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\n$/, '');
  } catch (cause) {
    throw new SafeguardError('SECRET_MISSING', `The secret ${name} can't be read (file ${file}).`, { cause });
  }
}

/** Replaces every occurrence of the secrets in a text, so that a log's tail may stand in a message. */
export function redact(text: string, secrets: readonly string[]): string {
  // The longest first: one secret may be the beginning of another.
  const longestFirst = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return longestFirst.reduce((cleared, secret) => cleared.replaceAll(secret, '[secret]'), text);
}

/** A secret as it is, and as it stands in JSON and in addresses. */
export function formsOf(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
}
