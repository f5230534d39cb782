/** SHA-256 by path. */
export type Files = Readonly<Record<string, string>>;

/** Paths that are missing, too many, or have other bytes than they should; empty when all is the same. */
export function differences(found: Files, wanted: Files): string[] {
  const paths = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return [...paths].filter((path) => found[path] !== wanted[path]).sort();
}

/** The one whose files are these, byte for byte. */
export function identify<T>(found: Files, built: readonly T[], filesOf: (one: T) => Files): T | undefined {
  return built.find((one) => differences(found, filesOf(one)).length === 0);
}

/** What differs from the built one that is nearest. */
export function nearest<T extends { version: string }>(
  found: Files,
  built: readonly T[],
  filesOf: (one: T) => Files,
): { version: string | null; paths: string[] } {
  const all = built.map((one) => ({ version: one.version, paths: differences(found, filesOf(one)) }));
  const [best] = all.sort((a, b) => a.paths.length - b.paths.length);
  return best ?? { version: null, paths: Object.keys(found) };
}
