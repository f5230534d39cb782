import type { Database } from './facts.js';
import type { BuiltRelease, Rest, Violation } from './types.js';
import { violation } from './violation.js';

const SHOWN = 20;

/** Negative when `a` is older; parts between dots and underscores count as numbers, as Flyway's do. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[._]/).map(Number)) as [number[], number[]];
  const length = Math.max(left.length, right.length);
  const differences = Array.from({ length }, (_, index) => (left[index] ?? 0) - (right[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

function newest(history: NonNullable<Database['history']>): string | null {
  const versions = history.flatMap(({ version, success }) => (success && version !== null ? [version] : []));
  return versions.sort(compareVersions).at(-1) ?? null;
}

function judgeHistory(
  host: string,
  history: NonNullable<Database['history']>,
  served: BuiltRelease | undefined,
): Violation[] {
  const failed = history.filter(({ success }) => !success);
  const ofFailed = failed.map((row) =>
    violation(
      'I1',
      host,
      `The migration ${row.version ?? '(repeatable)'} has failed, and stands so in the history`,
      row,
    ),
  );
  if (!served) return ofFailed;
  const version = newest(history);
  const { min, max } = served.schema;
  if (version !== null && compareVersions(version, min) >= 0 && compareVersions(version, max) <= 0)
    return ofFailed;
  const what = `The schema is ${version ?? 'empty'}, and ${served.version} serves, which runs on ${min} to ${max}`;
  return [...ofFailed, violation('I1', host, what, history)];
}

/** Schema, rows and sessions of the database. `served`: the version of all hosts, `null` when nobody knows or nothing is served. */
export function judgeDatabase(
  rest: Rest,
  host: string,
  { history, written, sessions }: Database,
  served: string | null,
): Violation[] {
  if (history === null || written === null || sessions === null)
    return [violation('I2', host, 'The database can not be asked', { history, written, sessions })];
  const there = new Set(written);
  const lost = rest.acknowledged.filter((row) => !there.has(row));
  const release = rest.releases.find(({ version }) => version === served);
  return [
    ...judgeHistory(host, history, release),
    ...(lost.length === 0
      ? []
      : [
          violation('I2', host, 'Rows that were acknowledged are not in the database', {
            count: lost.length,
            rows: lost.slice(0, SHOWN),
          }),
        ]),
    ...sessions.map((one) => violation('I3', host, 'A session that changes the schema is still open', one)),
  ];
}
