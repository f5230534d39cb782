import type { Json } from './canonical-json.js';
import { SafeguardError } from './errors.js';
import type { Policy } from './policy.js';
import type { PlannedSmoke } from './smoke-report.js';
import type { Release } from './release.js';
import { describeRelease } from './release.js';
import { tolerates } from './version.js';

/** A host as a plan names it. */
export interface HostRef {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** A component that Ansible brings to its hosts, with the team's own playbooks where there are any. */
export interface PlayedBy {
  readonly transport: 'ansible';
  readonly playbook?: OwnFile;
  readonly undo?: OwnFile;
}

/** A file of the team's on the runner, and the SHA-256 of what is in it: another text is another intent. */
export interface OwnFile {
  readonly path: string;
  readonly sha256: string;
}

/** One step: what is done, on which hosts, and how it is undone. */
export interface PlannedStep {
  readonly kind: 'capture' | 'stage' | 'activate' | 'migrate' | 'check' | 'smoke' | 'read-back' | 'commit';
  /** Name shown to people; unique within the plan. */
  readonly title: string;
  readonly hosts: readonly string[];
  readonly component?: string;
  /** Who carries it out, where that is not safeguard itself over SSH. */
  readonly by?: PlayedBy;
  /** For people: what compensation does about it; absent where nothing is to be undone. */
  readonly undo?: string;
}

/** What a run will do, decided before it does anything. */
export interface Plan {
  readonly application: string;
  readonly environment: string;
  /** `noop`: every host really runs it already. */
  readonly kind: 'deploy' | 'noop';
  readonly from: Release | null;
  readonly to: Release;
  readonly hosts: readonly HostRef[];
  readonly steps: readonly PlannedStep[];
  /** Migration files that will be applied. */
  readonly pendingMigrations: readonly string[];
  readonly policy: Policy;
  /** Left out: none are carried out. */
  readonly smoke?: PlannedSmoke;
  /** Sentences on what is overridden by the caller's wish, with the reason; an approval covers them. */
  readonly overrides?: readonly string[];
}

/** A plan with the SHA-256 of its intent, which is what an approval is given to. */
export interface HashedPlan extends Plan {
  readonly hash: string;
}

/** Everything that the plan depends on. */
export interface PlanInput {
  readonly application: string;
  readonly environment: string;
  readonly from: Release | null;
  readonly to: Release;
  readonly hosts: readonly HostRef[];
  /** Every host was seen to run `to`, unaltered. */
  readonly alreadyServed: boolean;
  readonly force: boolean;
  /** Schema version of the database now; `null` when it is empty; absent when the release has no schema. */
  readonly schemaVersion?: string | null;
  readonly pendingMigrations: readonly string[];
  readonly policy: Policy;
  readonly overrides?: readonly string[];
  readonly smoke?: PlannedSmoke;
  /** Components that Ansible carries out, by name; left out: none. */
  readonly played?: Readonly<Record<string, PlayedBy>>;
  /** The look that the plan is made of captures the hosts as well, so that there is no step for it. */
  readonly captures?: boolean;
}

/**
 * Refuses a migration that would leave no way back (design rule 8), and a release that could not run on the schema there is.
 * @throws SafeguardError SCHEMA_NOT_TOLERATED
 */
function assertSchemaTolerated({ from, to, schemaVersion, pendingMigrations }: PlanInput): void {
  if (to.schema === null) return;
  const after = pendingMigrations.length > 0 ? to.schema.target : (schemaVersion ?? to.schema.target);
  if (!tolerates(to.schema.tolerates, after)) {
    throw new SafeguardError(
      'SCHEMA_NOT_TOLERATED',
      `${to.version} works with schema ${to.schema.tolerates.min} to ${to.schema.tolerates.max}, but the database would be at ${after}.`,
    );
  }
  if (from?.schema && pendingMigrations.length > 0 && !tolerates(from.schema.tolerates, after)) {
    throw new SafeguardError(
      'SCHEMA_NOT_TOLERATED',
      `${from.version}, which serves now, works with schema ${from.schema.tolerates.min} to ${from.schema.tolerates.max}; ${to.version} would migrate to ${after}.`,
    );
  }
}

function withPlayed({ played }: PlanInput, component: string): { readonly by?: PlayedBy } {
  const by = played?.[component];
  return by === undefined ? {} : { by };
}

/** By the public way in they are asked once, for all hosts. */
function smokeSteps({ smoke, hosts }: PlanInput): PlannedStep[] {
  if (smoke === undefined) return [];
  const each = smoke.url === null ? hosts.map(({ name }) => name) : [];
  return [{ kind: 'smoke', title: 'smoke tests', hosts: each }];
}

function steps(input: PlanInput): PlannedStep[] {
  const hosts = input.hosts.map((host) => host.name);
  const undoOf = (by: PlayedBy | undefined): string => {
    const restore = `restore ${describeRelease(input.from)}`;
    return by?.undo === undefined ? restore : `${restore}, then carry out ${by.undo.path}`;
  };
  const activations = input.to.components.map((component): PlannedStep => ({
    kind: 'activate',
    title: component.name,
    hosts,
    component: component.name,
    undo: undoOf(input.played?.[component.name]),
    ...withPlayed(input, component.name),
  }));
  const migrate: PlannedStep[] =
    input.pendingMigrations.length > 0
      ? [
          {
            kind: 'migrate',
            title: 'migrate',
            hosts: [],
            undo: 'keep: the release that is restored tolerates the new schema',
          },
        ]
      : [];
  return [
    ...(input.captures === true ? [] : [{ kind: 'capture', title: 'capture', hosts } as const]),
    { kind: 'stage', title: 'stage', hosts },
    ...activations,
    ...migrate,
    { kind: 'check', title: 'health checks', hosts },
    ...smokeSteps(input),
    { kind: 'read-back', title: 'read back', hosts },
    { kind: 'commit', title: 'commit', hosts },
  ];
}

/**
 * Decides what a run will do. Pure: the same input gives the same plan.
 * @throws SafeguardError SCHEMA_NOT_TOLERATED
 */
export function computePlan(input: PlanInput): Plan {
  assertSchemaTolerated(input);
  const noop = input.alreadyServed && !input.force && input.pendingMigrations.length === 0;
  return {
    application: input.application,
    environment: input.environment,
    kind: noop ? 'noop' : 'deploy',
    from: input.from,
    to: input.to,
    hosts: input.hosts,
    steps: noop ? [] : steps(input),
    pendingMigrations: input.pendingMigrations,
    policy: input.policy,
    ...(noop || input.smoke === undefined ? {} : { smoke: input.smoke }),
    ...(input.overrides === undefined || input.overrides.length === 0 ? {} : { overrides: input.overrides }),
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** `from 1.0.0 (…) to 2.0.0 (…): 8 steps on 3 hosts, 1 migration`. */
export function describePlan({ from, to, steps: planned, hosts, pendingMigrations }: Plan): string {
  const work = `${counted(planned.length, 'step')} on ${counted(hosts.length, 'host')}`;
  const migrations = counted(pendingMigrations.length, 'migration');
  return `from ${describeRelease(from)} to ${describeRelease(to)}: ${work}, ${migrations}`;
}

function carriedOutBy({ by }: PlannedStep): string {
  if (by === undefined) return '';
  const files = [by.playbook, by.undo].map((file) => file?.sha256 ?? 'none');
  return ` by ${by.transport} ${files.join(' ')}`;
}

/** The part of a plan that an approval covers: from, to, order, migrations, policy; no measurement. */
export function planIntent(plan: Plan): Json {
  return {
    application: plan.application,
    environment: plan.environment,
    kind: plan.kind,
    from: plan.from?.digest ?? null,
    to: plan.to.digest,
    hosts: plan.hosts.map((host) => `${host.name} ${host.address}:${host.port}`),
    steps: plan.steps.map((step) => `${step.title} ${step.hosts.join(',')}${carriedOutBy(step)}`),
    migrations: plan.pendingMigrations,
    policy: plan.policy as unknown as Json,
    ...(plan.smoke === undefined ? {} : { smoke: { ...plan.smoke } }),
    ...(plan.overrides === undefined ? {} : { overrides: plan.overrides }),
  };
}
