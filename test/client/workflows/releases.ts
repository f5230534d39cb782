import type { Release } from '../../../src/domain/release.js';

/** A release of which only name and identity matter. */
export function release(version: string): Release {
  const digest = `${version.replaceAll('.', '')}abcdef0123456789`;
  return { version, digest, gitSha: null, components: [], schema: null, checks: [] };
}
