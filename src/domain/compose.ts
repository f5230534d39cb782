import { canonicalJson, type Json } from './canonical-json.js';
import { SafeguardError } from './errors.js';
import type { ComponentManifest, Manifest, SchemaManifest } from './manifest.js';
import { compareSchemaVersions, tolerates } from './version.js';

const MAXIMUM_LENGTH = 128;

/**
 * The composite release in which the components named come from `target`, and all others stay as in `present`. Components that
 * are the same in both count as not named; when none is left, the answer is `present` itself, so composing twice is stable.
 * The version is `<present>+<component>.<target>`, for people only: it is cut where it would be too long.
 * The schema is not undone: its migrations stay, and what is tolerated is what both releases tolerate.
 * @throws SafeguardError ROLLBACK_TARGET_UNKNOWN when a component is not in both releases (a composite has the components
 *   of `present`, no more and no less), or when the parts do not fit: a route that leads nowhere, one port or unit twice
 * @throws SafeguardError SCHEMA_NOT_TOLERATED when the two do not both work with the schema as it is
 */
export function composeManifest(
  present: Manifest,
  target: Manifest,
  components: readonly string[],
): Manifest {
  if (present.application !== target.application)
    throw unknown(`${target.version} is a release of ${target.application}, not of ${present.application}`);
  const taken = [...new Set(components)]
    .sort()
    .map((name) => ({ name, ...bothHave(present, target, name) }))
    .filter(({ now, then }) => !isSame(now, then));
  if (taken.length === 0) return present;
  const composite: Manifest = {
    application: present.application,
    version: compositeVersion(
      present,
      target,
      taken.map(({ name }) => name),
    ),
    components: {
      ...released(present),
      ...Object.fromEntries(taken.map(({ name, then }) => [name, releasedAs(target.version, then)])),
    },
    ...schemaOfBoth(present, target),
  };
  assertFits(composite);
  return composite;
}

function unknown(what: string): SafeguardError {
  return new SafeguardError('ROLLBACK_TARGET_UNKNOWN', `${what}.`);
}

function bothHave(
  present: Manifest,
  target: Manifest,
  name: string,
): { now: ComponentManifest; then: ComponentManifest } {
  const [now, then] = [present, target].map(({ version, components }) => {
    const component = Object.hasOwn(components, name) ? components[name] : undefined;
    if (component) return component;
    throw unknown(`${version} has no component ${name}, so ${name} alone can't be brought back`);
  });
  return { now, then } as { now: ComponentManifest; then: ComponentManifest };
}

/** Compared without what only composite releases say of a component. */
function isSame(one: ComponentManifest, other: ComponentManifest): boolean {
  const [a, b] = [one, other].map((component) =>
    canonicalJson({ ...component, releasedAs: null } as unknown as Json),
  );
  return a === b;
}

/** Every service is to be told the version that it was released as, not that of the composite. */
function released({ version, components }: Manifest): Record<string, ComponentManifest> {
  const entries = Object.entries(components).map(
    ([name, component]) => [name, releasedAs(version, component)] as const,
  );
  return Object.fromEntries(entries);
}

function releasedAs(version: string, component: ComponentManifest): ComponentManifest {
  return component.kind === 'systemd' ? { releasedAs: version, ...component } : component;
}

/** A version taken apart: where its components come from, as far as that is not the version's beginning. */
function parts({ version, components }: Manifest): { base: string; origins: Map<string, string> } {
  const words = version.split('+');
  const origins = new Map<string, string>();
  for (let last = words.at(-1); words.length > 1 && last !== undefined; last = words.at(-1)) {
    const dot = last.indexOf('.');
    const name = last.slice(0, Math.max(0, dot));
    if (!Object.hasOwn(components, name) || origins.has(name) || dot === last.length - 1) break;
    origins.set(name, last.slice(dot + 1));
    words.pop();
  }
  return { base: words.join('+'), origins };
}

function compositeVersion(present: Manifest, target: Manifest, taken: readonly string[]): string {
  const now = parts(present);
  const then = parts(target);
  const origins = new Map([
    ...now.origins,
    ...taken.map((name) => [name, then.origins.get(name) ?? then.base] as const),
  ]);
  const words = [...origins].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, from]) => `${name}.${from}`);
  return [now.base, ...words].join('+').slice(0, MAXIMUM_LENGTH);
}

/** A release without a schema part uses no database, and so tolerates any schema; one with it can't do without. */
function schemaOfBoth(present: Manifest, target: Manifest): { schema?: SchemaManifest } {
  if (!target.schema) return present.schema ? { schema: present.schema } : {};
  if (!present.schema)
    throw notTolerated(`${target.version} needs a schema, and ${present.version} has none`);
  const [a, b] = [present.schema.tolerates, target.schema.tolerates];
  const min = compareSchemaVersions(a.min, b.min) < 0 ? b.min : a.min;
  const max = compareSchemaVersions(a.max, b.max) > 0 ? b.max : a.max;
  if (!tolerates({ min, max }, present.schema.target))
    throw notTolerated(
      `The schema is at ${present.schema.target}; ${present.version} works with ${a.min} to ${a.max} and ` +
        `${target.version} with ${b.min} to ${b.max}`,
    );
  return { schema: { ...present.schema, tolerates: { min, max } } };
}

function notTolerated(what: string): SafeguardError {
  return new SafeguardError('SCHEMA_NOT_TOLERATED', `${what}: they can't be put together.`);
}

/** Components of two releases may not fit each other: what a host would refuse, or what would serve only errors. */
function assertFits({ version, components }: Manifest): void {
  const services = Object.values(components).filter((component) => component.kind === 'systemd');
  const ports = new Set(services.map(({ port }) => port));
  const units = new Set(services.map(({ unit }) => unit));
  if (ports.size < services.length || units.size < services.length)
    throw unknown(`${version} would have one port or unit twice`);
  for (const component of Object.values(components)) {
    if (component.kind !== 'static') continue;
    const lost = Object.entries(component.routes).find(([, port]) => !ports.has(port));
    if (lost) throw unknown(`In ${version}, ${lost[0]} would lead to port ${lost[1]}, where nothing listens`);
  }
}
