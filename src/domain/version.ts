/** How an application names its versions (spec S1). */
export type VersionForm = 'semver' | 'tag';

const FORMS: Readonly<Record<VersionForm, RegExp>> = {
  semver: /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/,
  tag: /^[A-Za-z0-9][A-Za-z0-9._+-]*$/,
};
const MAXIMUM_LENGTH = 128;

/** True when `version` has the form; nothing else may reach a workflow id, a path or a host. */
export function isVersion(version: string, form: VersionForm): boolean {
  return version.length <= MAXIMUM_LENGTH && FORMS[form].test(version);
}

/** Compares two schema versions as Flyway does (`2` < `2.1` < `10`): negative, zero or positive. */
export function compareSchemaVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when `version` lies in the range, both ends included. */
export function tolerates(range: { readonly min: string; readonly max: string }, version: string): boolean {
  return compareSchemaVersions(range.min, version) <= 0 && compareSchemaVersions(version, range.max) <= 0;
}
