import { z } from 'zod';
import type { Problem } from './problems.js';

/** As much of a component as is judged together with others, whatever else is wrong with it. */
const component = z.object({
  kind: z.enum(['systemd', 'static', 'unknown']).catch('unknown'),
  transport: z.enum(['ssh', 'ansible', 'unknown']).default('ssh').catch('unknown'),
  playbook: z.unknown().optional(),
  undo_playbook: z.unknown().optional(),
  routes: z.record(z.string(), z.unknown()).default({}).catch({}),
});
type Outline = z.output<typeof component>;

const application = z.object({ components: z.record(z.string(), z.unknown()) });

/** What is wrong between the components of an application; what can't be told, because a component itself is wrong, is left out. */
export function crossProblems(value: unknown): Problem[] {
  const parsed = application.safeParse(value);
  const components = new Map(
    Object.entries(parsed.data?.components ?? {}).map(([name, one]) => [name, component.safeParse(one).data]),
  );
  return [...components].flatMap(([name, one]) =>
    one === undefined ? [] : [...wrongRoutes(name, one, components), ...idlePlaybooks(name, one)],
  );
}

function wrongRoutes(
  name: string,
  { kind, routes }: Outline,
  components: ReadonlyMap<string, Outline | undefined>,
): Problem[] {
  if (kind !== 'static') return [];
  const isWrong = (target: string): boolean =>
    !components.has(target) || components.get(target)?.kind === 'static';
  return Object.entries(routes).flatMap(([prefix, target]) =>
    typeof target === 'string' && isWrong(target)
      ? [
          {
            path: ['components', name, 'routes', prefix],
            text: `expected the name of a systemd component, got ${target}`,
          },
        ]
      : [],
  );
}

/** A playbook is Ansible's; one that is named and never carried out would be a mistake that nobody sees. */
function idlePlaybooks(name: string, one: Outline): Problem[] {
  if (one.transport !== 'ssh') return [];
  return (['playbook', 'undo_playbook'] as const)
    .filter((key) => one[key] !== undefined)
    .map((key) => ({ path: ['components', name, key], text: 'expected transport: ansible beside it' }));
}
