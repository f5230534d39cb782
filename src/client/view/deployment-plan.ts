import type { HashedPlan } from '../../domain/plan.js';
import { planByHost, planForAll, type HostPlan, type HostStep } from '../../domain/plan-by-host.js';
import { describeRelease } from '../../domain/release.js';
import { plainTable } from './plain-table.js';
import type { Canvas } from './progress-table.js';
import { printable } from './printable.js';

/** What a plan must know of where it is shown. */
type Sheet = Pick<Canvas, 'colour' | 'width'>;

function stepTable(steps: readonly HostStep[], sheet: Sheet): string {
  const rows = steps.map(({ title, does, undo }) => [
    `  ${printable(title, 40)}`,
    printable(does, 200),
    undo === null ? sheet.colour.dim('–') : printable(undo, 100),
  ]);
  return plainTable(['  step', 'does', 'undone by'], rows, sheet);
}

/** Hosts that go through the same steps are told of once. */
function alike(hosts: readonly HostPlan[]): (readonly HostPlan[])[] {
  const groups = new Map<string, HostPlan[]>();
  for (const host of hosts) {
    const steps = JSON.stringify(host.steps);
    groups.set(steps, [...(groups.get(steps) ?? []), host]);
  }
  return [...groups.values()];
}

function hostSection(hosts: readonly HostPlan[], sheet: Sheet): string[] {
  const { colour } = sheet;
  const names = hosts.map(({ name, address }) => `${colour.bold(name)} ${colour.dim(address)}`);
  const each = hosts.length > 1 ? ', each' : '';
  return ['', `${names.join(', ')}${each}:`, stepTable(hosts[0]?.steps ?? [], sheet)];
}

function wayBack({ from, hosts }: HashedPlan): string {
  const where = hosts.length === 1 ? 'the host' : 'every host';
  return `If anything fails, ${where} is brought back to ${describeRelease(from)}, the last step first, and checked.`;
}

/** What a deployment would do on each host, and how each step would be undone. */
export function describeDeployment(plan: HashedPlan, sheet: Sheet): string {
  const { colour } = sheet;
  const { environment, from, to, kind, overrides = [] } = plan;
  const once = planForAll(plan);
  return [
    `${colour.bold(environment)}: ${describeRelease(from)} → ${colour.bold(describeRelease(to))}`,
    ...(kind === 'noop' ? [] : alike(planByHost(plan)).flatMap((hosts) => hostSection(hosts, sheet))),
    ...(once.length === 0
      ? []
      : ['', `${colour.bold('once')}, after the last component:`, stepTable(once, sheet)]),
    ...(kind === 'noop' ? [] : ['', wayBack(plan)]),
    ...overrides.map((sentence) => colour.yellow(printable(sentence, 2000))),
    `plan ${plan.hash.slice(0, 12)}`,
  ].join('\n');
}
