import type { ChalkInstance } from 'chalk';
import type { HashedPlan } from '../../domain/plan.js';
import { describeRelease } from '../../domain/release.js';
import { printable } from './printable.js';

/** What a deployment would do, step by step. */
export function describeDeployment(plan: HashedPlan, colour: ChalkInstance): string {
  const { environment, from, to, steps, pendingMigrations, overrides = [] } = plan;
  return [
    `${colour.bold(environment)}: ${describeRelease(from)} → ${colour.bold(describeRelease(to))}`,
    ...steps.map(({ title, hosts }, index) => `  ${index + 1}. ${title} ${colour.dim(hosts.join(', '))}`),
    ...pendingMigrations.map((file) => `  migration ${printable(file)}`),
    ...overrides.map((sentence) => colour.yellow(printable(sentence, 2000))),
    `  plan ${plan.hash.slice(0, 12)}`,
  ].join('\n');
}
