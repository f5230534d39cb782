import type { HostRef, Plan, PlannedStep } from './plan.js';
import { describeRelease, type Release } from './release.js';
import { describeSmoke } from './smoke-report.js';

/** A step as one host goes through it. */
export interface HostStep {
  readonly title: string;
  readonly kind: PlannedStep['kind'];
  /** What it does there, for people. */
  readonly does: string;
  /** What takes it back; `null`: it leaves nothing that would have to be. */
  readonly undo: string | null;
}

/** A plan as one host sees it. */
export interface HostPlan extends HostRef {
  readonly steps: readonly HostStep[];
}

function versionOf(release: Release | null, component: string | undefined): string {
  const found = release?.components.find(({ name }) => name === component);
  return found === undefined ? 'nothing' : (found.version ?? release?.version ?? 'nothing');
}

function carriedOut(by: PlannedStep['by']): string {
  if (by === undefined) return '';
  return by.playbook === undefined ? ', by Ansible' : `, by Ansible with ${by.playbook.path}`;
}

function deed({ kind, component, by }: PlannedStep, { from, to, pendingMigrations, smoke }: Plan): string {
  switch (kind) {
    case 'capture':
      return 'what serves is looked at and written down';
    case 'stage':
      return `the files of ${describeRelease(to)} are put beside those that serve`;
    case 'activate':
      return `${versionOf(from, component)} → ${versionOf(to, component)}: stopped and started${carriedOut(by)}`;
    case 'migrate':
      return `the database: ${pendingMigrations.join(', ')}`;
    case 'check':
      return `the health checks of ${to.version} are asked`;
    case 'smoke':
      return smoke === undefined ? 'smoke tests' : describeSmoke(smoke);
    case 'read-back':
      return 'what really serves is read from processes, files and answers';
    case 'commit':
      return `${to.version} is from now on what a way back leads to`;
  }
}

function hostStep(plan: Plan): (step: PlannedStep) => HostStep {
  return (step) => ({
    title: step.title,
    kind: step.kind,
    does: deed(step, plan),
    undo: step.undo ?? null,
  });
}

/** What a plan does on each host, in order, and how it would be undone. */
export function planByHost(plan: Plan): HostPlan[] {
  return plan.hosts.map((host) => ({
    ...host,
    steps: plan.steps.filter(({ hosts }) => hosts.includes(host.name)).map(hostStep(plan)),
  }));
}

/** What a plan does once for all hosts, such as migrations. */
export function planForAll(plan: Plan): HostStep[] {
  return plan.steps.filter(({ hosts }) => hosts.length === 0).map(hostStep(plan));
}
