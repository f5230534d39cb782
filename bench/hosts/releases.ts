import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildShop } from '../../peers/release.js';

/** What every host serves before anything is measured. */
export const OLD = '1.0.0';

const BACKEND_BYTES = 30_000_000;
// With its page and its version 500 files.
const ASSETS = 498;

/** Each deployment that is measured is of a release of its own, which no host has seen. */
export function newVersion(round: number): string {
  return `1.1.${round}`;
}

/** A release that serves, but says that it is another one: its health checks fail until they give up. */
export function badVersion(round: number): string {
  return `1.2.${round}`;
}

/** Builds everything that is deployed in so many rounds below `directory`. @returns where releases lie */
export async function buildReleases(directory: string, rounds: number): Promise<string> {
  const into = join(directory, 'releases');
  await mkdir(into);
  const sizes = { into, ballastBytes: BACKEND_BYTES, assets: ASSETS };
  await buildShop({ ...sizes, version: OLD });
  for (let round = 1; round <= rounds; round += 1) {
    await buildShop({ ...sizes, version: newVersion(round) });
    await buildShop({ ...sizes, version: badVersion(round), reports: `not-${badVersion(round)}` });
  }
  return into;
}
