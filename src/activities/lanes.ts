import type { Manifest } from '../domain/manifest.js';

/** One more call at the same time costs a host the start of a program, which is longer than it takes for an archive of so many bytes. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** In which order components are sent to a host: those of one list one after the other, each list beside the others. */
export function lanes({ components }: Manifest, names: readonly string[]): string[][] {
  const isSmall = (name: string): boolean => (components[name]?.artifact.size ?? 0) <= SMALL_BYTES;
  const small = names.filter(isSmall);
  const [first, ...others] = names.filter((name) => !isSmall(name)).map((name) => [name]);
  return [[...small, ...(first ?? [])], ...others].filter((lane) => lane.length > 0);
}
