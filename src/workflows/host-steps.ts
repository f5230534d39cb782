import { CancellationScope, isCancellation, log, workflowInfo } from '@temporalio/workflow';
import { describeFailures } from '../domain/check.js';
import type { HashedPlan, HostRef } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import { readySeconds, type Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import { isConsistent, describeReadings, type HostReading } from '../domain/verdict.js';
import { steps, watching } from './activities.js';
import { coded, failureOf } from './failures.js';
import * as messages from './messages.js';
import { names, tellEnvironment, type Run, type Target } from './run.js';
import { counted, withTries } from './tries.js';
import { isWhole } from './versions.js';

/** What a step on one host is given. */
export interface HostCall extends Target {
  readonly host: HostRef;
  readonly token: StepToken;
  /** The run that the environment was given to. */
  readonly grantedTo?: string;
}

/**
 * Carries out one step on every host given at once. When one host fails, the others are still awaited: nothing is left
 * running when the way back begins.
 */
export async function onHosts<T>(
  run: Run,
  plan: Pick<HashedPlan, 'hosts' | 'policy'>,
  title: string,
  work: (call: HostCall) => Promise<T>,
): Promise<T[]> {
  const step = run.nextStep();
  const { tries, delaySeconds } = plan.policy.retries;
  return run.board.step(title, names(plan.hosts), async (mark, tell) => {
    const results = await Promise.allSettled(
      plan.hosts.map(async (host) => {
        const place = { step: title, host: host.name };
        try {
          const result = await withTries(
            counted(tries, delaySeconds),
            place,
            (tryNumber) =>
              work({ ...run.target, host, token: run.token(step, tryNumber), ...grantedTo(run) }),
            { tell },
          );
          mark(host.name, 'done');
          return result;
        } catch (error) {
          mark(host.name, 'failed');
          throw error;
        }
      }),
    );
    return results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  });
}

/** So that activities know a run which was reset. */
export function grantedTo(run: Run): { readonly grantedTo?: string } {
  // A run that an earlier version of the environment let in was not told.
  return run.grant?.runId === undefined ? {} : { grantedTo: run.grant.runId };
}

/** How long a step on one host may take. */
export function limits(
  plan: { readonly policy: Policy; readonly to: Release | null },
  summary: string,
): { startToCloseTimeout: number; summary: string } {
  // The activity ends itself at the step's limit, or when what it started was not ready in time. Temporal's own limit lies beyond
  // both, for a worker that hangs: what runs into it is begun again, without end.
  const seconds = plan.policy.stepTimeoutSeconds + readySeconds(plan.to) + 60;
  return { startToCloseTimeout: seconds * 1000, summary };
}

/** The checks end themselves at the limit of their phase, and of the time to settle; Temporal's own limit lies beyond it. */
export function checkLimits(
  { checks }: Policy,
  summary: string,
): { startToCloseTimeout: number; summary: string } {
  const { phaseTimeoutSeconds, stabiliseSeconds = 0 } = checks;
  // A round of the time to settle may take as long as a phase.
  const settling = stabiliseSeconds === 0 ? 0 : stabiliseSeconds + phaseTimeoutSeconds;
  return { startToCloseTimeout: (phaseTimeoutSeconds + settling + 60) * 1000, summary };
}

/** Takes over hosts that another life of the environment deployed to; audited on the host. */
export async function adoptHosts(
  run: Run,
  plan: Pick<HashedPlan, 'hosts' | 'policy'> & { readonly to: Release | null },
  reason: string,
): Promise<void> {
  await onHosts(run, plan, 'adopt', (call) =>
    steps.adopt.executeWithOptions(limits(plan, `${call.host.name}: adopt`), [{ ...call, reason }]),
  );
}

/** Looks at every host, keeps what was seen, and insists that each could be brought back. */
export async function capture(run: Run, plan: HashedPlan): Promise<void> {
  const { deploymentId } = run.request;
  await onHosts(run, plan, 'capture', (call) =>
    steps.capture.executeWithOptions(limits(plan, `${call.host.name}: capture`), [
      { ...call, deploymentId, from: plan.from },
    ]),
  );
}

/** A host asks no more of its peers than this when it does not know what to serve. */
const PEERS = 64;

/** Addresses of the other hosts. */
export function peersOf(hosts: readonly HostRef[], host: HostRef): string[] {
  return hosts.flatMap(({ name, address }) => (name === host.name ? [] : [address])).slice(0, PEERS);
}

/** Brings the release's bytes beside the running one, on all hosts, while nothing changes for users. */
export async function stage(run: Run, plan: HashedPlan): Promise<void> {
  const { stepTimeoutSeconds } = plan.policy;
  await onHosts(run, plan, 'stage', (call) =>
    steps.stage.executeWithOptions(limits(plan, `${call.host.name}: stage ${plan.to.version}`), [
      { ...call, release: plan.to, timeoutSeconds: stepTimeoutSeconds },
    ]),
  );
}

/** Puts one component of the release in place, and waits until it is ready. */
export async function activate(run: Run, plan: HashedPlan, component: string): Promise<void> {
  const { stepTimeoutSeconds } = plan.policy;
  await onHosts(run, plan, component, (call) =>
    steps.activate.executeWithOptions(limits(plan, `${call.host.name}: ${component} ${plan.to.version}`), [
      {
        ...call,
        release: plan.to,
        component,
        timeoutSeconds: stepTimeoutSeconds,
        leaseSeconds: plan.policy.leaseSeconds,
      },
    ]),
  );
}

/** Applies the pending migrations. */
export async function migrate(run: Run, plan: HashedPlan): Promise<void> {
  const step = run.nextStep();
  const { tries, delaySeconds } = plan.policy.retries;
  run.migrationsApplied = await run.board.step('migrate', [], (_, tell) =>
    withTries(
      counted(tries, delaySeconds),
      { step: 'migrate' },
      (tryNumber) =>
        // It ends itself at the time-out of the migrations, which may be longer than any other step.
        steps.migrate.executeWithOptions(
          { startToCloseTimeout: '24h', summary: `migrate: ${plan.pendingMigrations.join(', ')}` },
          [{ ...run.target, release: plan.to, token: run.token(step, tryNumber), ...grantedTo(run) }],
        ),
      { tell },
    ),
  );
}

/** Asks every check of a release at once. */
export async function checkHealth(run: Run, plan: HashedPlan): Promise<void> {
  run.health = await run.board.step('health checks', [], async () => {
    const report = await steps.check.executeWithOptions(
      checkLimits(plan.policy, `health checks of ${plan.to.version}`),
      [
        {
          ...run.target,
          deploymentId: run.request.deploymentId,
          hosts: plan.hosts,
          checks: plan.to.checks,
          policy: plan.policy.checks,
          ...(run.checked && { diagnoses: true }),
        },
      ],
    );
    if (report.kept !== undefined) run.diagnostics = [report.kept];
    if (!report.healthy)
      throw coded({ code: 'UNHEALTHY', message: describeFailures(report), step: 'health checks' });
    return report;
  });
}

/**
 * Every host's vote: it shows by what really runs that it serves the release, and from then on does not go back by itself. Success
 * is nothing that was merely reported.
 */
export async function readBack(run: Run, plan: HashedPlan): Promise<void> {
  if (!isWhole()) return readBackWithoutVote(run, plan);
  const { stepTimeoutSeconds } = plan.policy;
  await onHosts(run, plan, 'read back', (call) =>
    steps.prepare.executeWithOptions(limits(plan, `${call.host.name}: vote for ${plan.to.version}`), [
      {
        ...call,
        release: plan.to,
        peers: peersOf(plan.hosts, call.host),
        timeoutSeconds: stepTimeoutSeconds,
      },
    ]),
  );
}

async function readBackWithoutVote(run: Run, plan: HashedPlan): Promise<void> {
  await run.board.step('read back', names(plan.hosts), async () => {
    run.readings = await readEveryHost({
      ...run.target,
      hosts: plan.hosts,
      release: plan.to,
      committed: false,
    });
    if (!isConsistent(run.readings)) {
      throw coded({ code: 'NOT_READ_BACK', message: describeReadings(run.readings), step: 'read back' });
    }
  });
}

/** One look at every host; a host that does not answer is `unknown`, never an error. */
export async function readEveryHost(
  what: Target & {
    readonly hosts: readonly HostRef[];
    readonly release: Release | null;
    /** Whether the hosts must have committed the release too. */
    readonly committed: boolean;
  },
): Promise<HostReading[]> {
  const { hosts, release, committed, ...target } = what;
  const readOne = async (host: HostRef): Promise<HostReading> => {
    try {
      return await steps.readBack.executeWithOptions(
        { startToCloseTimeout: '2m', summary: `${host.name}: read back` },
        [
          {
            ...target,
            host,
            release: release && { version: release.version, digest: release.digest },
            components: componentsOf(release),
            committed,
          },
        ],
      );
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { host: host.name, state: 'unknown', differences: [failureOf(error).message] };
    }
  };
  return Promise.all(hosts.map(readOne));
}

function componentsOf(release: Release | null): string[] {
  return release?.components.map((component) => component.name) ?? [];
}

/**
 * Lets every host hear from this run while it serves what is not committed; one that hears nothing goes back by itself. Goes on until
 * the scope is cancelled that is answered.
 */
export function holdLeases(run: Run, plan: HashedPlan): CancellationScope {
  const scope = new CancellationScope();
  if (!isWhole()) return scope;
  const { leaseSeconds } = plan.policy;
  const token = run.token(run.nextStep(), 1);
  scope
    .run(() =>
      watching.holdLeases.executeWithOptions({ summary: `leases of ${plan.hosts.length} hosts` }, [
        { ...run.target, hosts: plan.hosts, token, leaseSeconds, ...grantedTo(run) },
      ]),
    )
    .catch((error: unknown) => {
      // A host whose lease is not renewed says so itself, when it is asked for its vote.
      if (!isCancellation(error)) log.warn('leases are no longer renewed', { error: String(error) });
    });
  return scope;
}

/** Tells the environment what it takes to bring the hosts back without this run, before anything is changed. */
export async function announce(run: Run, plan: HashedPlan): Promise<void> {
  const { from, to, hosts, policy } = plan;
  const epoch = run.grant?.epoch ?? 0;
  await tellEnvironment(run, messages.began, {
    deploymentId: run.request.deploymentId,
    epoch,
    from,
    to,
    hosts,
    policy,
    runId: workflowInfo().runId,
    migrates: plan.pendingMigrations.length > 0,
  });
}
