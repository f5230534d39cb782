import { resolve } from 'node:path';
import { z } from 'zod';
import type { SecretReference } from './schema.js';
import { line, secretReference } from './schema-parts.js';

/** Name of an HTTP header. */
export const headerName = z
  .string()
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, 'expected the name of a header, lower case');

/** Keys of a place on the web that may ask for a login, or have a certificate of an authority of one's own. */
export const guarded = {
  secret_headers: z.record(headerName, secretReference).default({}),
  ca: line.min(1).optional(),
};

interface Guarded {
  readonly secret_headers: Readonly<Record<string, SecretReference>>;
}

/** Files of secrets are found from where the file that names them stands, as all its paths are, not from where a worker was started. */
export function absoluteSecret(base: string, reference: SecretReference): SecretReference {
  return 'file' in reference ? { file: resolve(base, reference.file) } : reference;
}

/** The headers with their files found from `base`. */
export function secretHeadersFrom(
  base: string,
  { secret_headers: headers }: Guarded,
): Record<string, SecretReference> {
  return Object.fromEntries(
    Object.entries(headers).map(([header, at]) => [header, absoluteSecret(base, at)]),
  );
}
