import type { Misbehaviour } from './misbehaviours.js';

/** How many of the migrations a release brings: V1 to V<level>. */
export type SchemaLevel = 1 | 2 | 3;

/** What `buildRelease` makes. */
export interface ReleaseOptions {
  /** Folder that gets the release directory `<into>/<version>/`; an older one of that name is replaced. */
  readonly into: string;
  /** Name of the release: digits and letters with `.`, `-`, `+` or `_` between. */
  readonly version: string;
  readonly backend: 'java' | 'python';
  /** Default: the version's first number, at most 3. `null`: a release without migrations. */
  readonly schema?: SchemaLevel | null;
  /** Migrations beside those of the level: file name (`V4__fees.sql`) → SQL. The highest version is where the release leads to. */
  readonly migrations?: Readonly<Record<string, string>>;
  /** What is wrong with this release; default: nothing. */
  readonly misbehave?: Misbehaviour;
  /** Seconds that belong to the misbehaviour, where it has any (see `misbehaviours.ts` for the defaults). */
  readonly seconds?: number;
  /** Name shown on the pages. Default: `campus`. */
  readonly application?: string;
  /** 40 hexadecimal digits; default: `null`. */
  readonly commit?: string | null;
}

/** Content of `release.json`. */
export interface ReleaseDescription {
  readonly version: string;
  readonly commit: string | null;
  readonly schema?: {
    readonly target: string;
    readonly tolerates: { readonly min: string; readonly max: string };
  };
}

/** Schema versions that the code of each level works with: additive changes, so the ones before and after. */
const TOLERATED: Readonly<Record<SchemaLevel, readonly [number, number]>> = {
  1: [1, 2],
  2: [1, 3],
  3: [2, 3],
};

/** The level that the options ask for, or that goes with the version; `null`: no migrations. */
export function schemaLevel({ schema, version }: ReleaseOptions): SchemaLevel | null {
  if (schema !== undefined) return schema;
  const major = Number.parseInt(version, 10);
  if (major >= 3) return 3;
  return major === 2 ? 2 : 1;
}

const MIGRATION = /^V(\d+)__\w+\.sql$/;

/** The schema version that the release's last migration leads to. */
function targetOf(options: ReleaseOptions, level: SchemaLevel): number {
  const own = options.misbehave === 'failing-migration' ? level + 1 : level;
  const more = Object.keys(options.migrations ?? {}).map((name) => Number(MIGRATION.exec(name)?.[1]));
  return Math.max(own, ...more);
}

/** Throws a sentence for a person when the options cannot be built. */
export function checkOptions(options: ReleaseOptions): void {
  const { version, commit, misbehave } = options;
  if (!/^[0-9A-Za-z]+([.+_-][0-9A-Za-z]+)*$/.test(version))
    throw new Error(`Not usable as a version: ${version}`);
  if (commit && !/^[0-9a-f]{40}$/.test(commit))
    throw new Error(`A commit has 40 hexadecimal digits: ${commit}`);
  if (misbehave === 'failing-migration' && schemaLevel(options) === null) {
    throw new Error('failing-migration needs a release with migrations.');
  }
  const names = Object.keys(options.migrations ?? {});
  if (names.length > 0 && schemaLevel(options) === null)
    throw new Error('More migrations need a release with migrations.');
  const wrong = names.find((name) => !MIGRATION.test(name));
  if (wrong !== undefined) throw new Error(`Not usable as the name of a migration: ${wrong}`);
}

/** What `release.json` says. A failing migration is one more than the level's own, and leads to its number. */
export function describeRelease(options: ReleaseOptions): ReleaseDescription {
  const { version, commit = null } = options;
  const level = schemaLevel(options);
  if (level === null) return { version, commit };
  const target = targetOf(options, level);
  const [min, max] = TOLERATED[level];
  // As the levels do, a release with further migrations works with one schema more than its own.
  const highest = options.migrations === undefined ? target : target + 1;
  const tolerates = { min: String(min), max: String(Math.max(max, highest)) };
  return { version, commit, schema: { target: String(target), tolerates } };
}
