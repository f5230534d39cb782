import { resolve } from 'node:path';
import { z } from 'zod';
import { absoluteSecret } from './guarded.js';
import { mergeOver } from './merge.js';
import { crossProblems } from './outline.js';
import { fillPlaceholders, type Placeholders } from './placeholders.js';
import { problemsOf, type Problem } from './problems.js';
import {
  applicationSchema,
  environmentSection,
  type ApplicationSection,
  type EnvironmentSection,
  type SecretReference,
} from './schema.js';
import type { Path } from './source.js';

/** As much of the file as an application is made of; what else may be wrong with it is told elsewhere. */
const shared = z.object({
  components: z.record(z.string(), z.unknown()),
  migrations: z.unknown().optional(),
  cache: z.unknown().optional(),
});
/** The same of an environment. */
const { vars, components, migrations } = environmentSection.shape;
const own = z.object({ vars, components, migrations });

/** How many keys of a path lead somewhere in a value. */
function depthOf(value: unknown, path: Path): number {
  let inner = value;
  for (const [index, key] of path.entries()) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return index;
    inner = (inner as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return path.length;
}

/** A merged value stands in the environment when it overrides there, in the application's own part otherwise. */
function origin(file: unknown, name: string, environment: unknown): (path: Path) => Path {
  return (path) => {
    const there = depthOf(environment, path);
    const isThere = there === path.length || there > depthOf(file, path);
    return isThere ? ['environments', name, ...path] : path;
  };
}

/** What `{…}` stands for in an environment. */
export function placeholdersOf(
  application: string,
  name: string,
  { vars: values }: Pick<EnvironmentSection, 'vars'>,
): Placeholders {
  return {
    application,
    environment: name,
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`vars.${key}`, value])),
  };
}

/** An application as an environment sees it, or what is wrong with it. */
export interface JudgedApplication {
  /** Of use where there are no problems. */
  readonly application: ApplicationSection | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Judges the components of an environment; `file` and `environment` are what stands there, whatever that is.
 * `null`: there is nothing that could be judged, for reasons that the schema of the file tells.
 */
export function judgedApplication(
  file: unknown,
  application: string,
  name: string,
  environment: unknown,
): JudgedApplication | null {
  const base = shared.safeParse(file);
  const over = own.safeParse(environment);
  if (!base.success || !over.success) return null;
  const known = placeholdersOf(application, name, over.data);
  const open: Problem[] = [];
  const merged = mergeOver(
    { components: base.data.components, migrations: base.data.migrations, cache: base.data.cache },
    { components: over.data.components, migrations: over.data.migrations },
  );
  const filled = fillPlaceholders(merged, known, (path, placeholder) => {
    const text = `{${placeholder}} stands for nothing; known: ${Object.keys(known).join(', ')}, release, version`;
    open.push({ path, text });
  });
  const parsed = applicationSchema.safeParse(filled);
  const problems = firstOfEach([open, parsed.success ? [] : problemsOf(parsed.error), crossProblems(filled)]);
  const locate = origin(file, name, environment);
  return {
    application: parsed.data,
    problems: problems.map((problem) => ({ ...problem, at: locate(problem.path) })),
  };
}

/** What a later look says of a place that an earlier one has refused already follows from that. */
function firstOfEach(looks: readonly (readonly Problem[])[]): Problem[] {
  const refused = new Set<string>();
  return looks.flatMap((problems) => {
    const found = problems.filter(({ path }) => !refused.has(path.join('.')));
    for (const { path } of found) refused.add(path.join('.'));
    return found;
  });
}

type Component = ApplicationSection['components'][string];

/** Paths in the file are seen from it, wherever a worker was started. */
export function withPathsFrom(base: string, application: ApplicationSection): ApplicationSection {
  const absolute = (reference: SecretReference): SecretReference => absoluteSecret(base, reference);
  const withPlaybooks = <C extends Component>(component: C): C => ({
    ...component,
    ...(component.playbook === undefined ? {} : { playbook: resolve(base, component.playbook) }),
    ...(component.undo_playbook === undefined
      ? {}
      : { undo_playbook: resolve(base, component.undo_playbook) }),
  });
  const located = (component: Component): Component => {
    if (component.kind !== 'systemd') return withPlaybooks(component);
    const secrets = Object.entries(component.secrets).map(([key, at]) => [key, absolute(at)] as const);
    return withPlaybooks({ ...component, secrets: Object.fromEntries(secrets) });
  };
  const placed = Object.entries(application.components).map(
    ([name, component]) => [name, located(component)] as const,
  );
  const { migrations: schema } = application;
  return {
    ...application,
    components: Object.fromEntries(placed),
    ...(schema ? { migrations: { ...schema, password: absolute(schema.password) } } : {}),
  };
}
