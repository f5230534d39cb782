import { readFile } from 'node:fs/promises';
import { readSecret } from '../adapters/secrets.js';
import type { SecretReference } from '../config/schema.js';
import { SafeguardError } from '../domain/errors.js';

/** Certificates that are trusted (PEM); `undefined`: those of Node.js. */
export async function certificates(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SafeguardError('CONFIG_INVALID', `The certificates can't be read (file ${file}).`, { cause });
  }
}

/**
 * What a place on the web is asked with where it lets in only whoever has a secret; `of` is what people call it.
 * @throws SafeguardError SECRET_MISSING, CONFIG_INVALID
 */
export async function keysTo(
  of: string,
  {
    secretHeaders = {},
    ca,
  }: {
    readonly secretHeaders?: Readonly<Record<string, SecretReference>> | undefined;
    readonly ca?: string | undefined;
  },
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly ca: string | undefined }> {
  const headers = Object.entries(secretHeaders).map(
    ([header, at]) => [header, readSecret(at, `${of}: ${header}`)] as const,
  );
  return { headers: Object.fromEntries(headers), ca: await certificates(ca) };
}
