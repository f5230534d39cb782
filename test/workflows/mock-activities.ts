/* eslint-disable @typescript-eslint/require-await -- activities are async by type; mocks answer at once */
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { keepAudit, noteAudit } from '../../src/activities/audit.js';
import { codedFailure } from '../../src/activities/coded-failures.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { enqueue, inform, watchHolder, type HolderWatch } from '../../src/activities/environment.js';
import type { Restored } from '../../src/activities/hosts.js';
import { preflightReport } from '../../src/domain/preflight.js';
import type { Activities } from '../../src/activities/index.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { HostErrorCode } from '../../src/domain/host-protocol.js';
import type { ReleaseRef } from '../../src/domain/manifest.js';
import type { HashedPlan } from '../../src/domain/plan.js';
import { stillLeft } from '../../src/domain/quarantine.js';
import type { RecoveryPlan } from '../../src/domain/recovery.js';
import type { Release } from '../../src/domain/release.js';
import { chooseTarget } from '../../src/domain/rollback-target.js';
import { holdOf, judged } from '../../src/domain/holds.js';
import { NOTHING_SWITCHED, type Hold, type Switches } from '../../src/domain/switches.js';
import type { DeploymentRequest, IncidentMarker, RunRecord, StepToken } from '../../src/domain/run.js';
import { DATABASE, type HostReading } from '../../src/domain/verdict.js';
import { environmentWorkflowId, status, type EnvironmentStatus } from '../../src/workflows/messages.js';
import { MemoryTrail } from './memory-trail.js';
import { HEALTHY, WELL } from './reports.js';
import { hashedPlan, HOSTS, policy, release } from '../domain/release-fixtures.js';

/** One call of an activity, as it was made. */
export interface Call {
  readonly name: keyof Activities;
  readonly host?: string;
  readonly token?: StepToken;
  readonly input: unknown;
  /** The server's (virtual) time in milliseconds at which it was scheduled. */
  readonly at: number;
}

/** A failure as activities report it. */
export function failure(
  code: ErrorCode,
  message: string = code,
  hostCode?: HostErrorCode,
): ApplicationFailure {
  const details = hostCode === undefined ? [] : [{ hostCode }];
  return ApplicationFailure.create({ message, type: code, nonRetryable: true, details });
}

/** Resolves when the activity was asked to stop, as a real one that heartbeats does. */
export async function untilStopped(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}

/**
 * How often the watcher looks, in virtual time. The test server lets no time pass while an activity runs, so the watcher of the
 * mock world does not stay as the real one does; that one is tried on a development server (`development-server.test.ts`).
 */
const WATCH_INTERVAL = '10m';

/** Watches in real time, for stories that lose a run and need no time to pass. */
async function watchClosely(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<undefined> {
  const { cancellationSignal } = Context.current();
  while (!(await isLost(client, workflowId, runId))) {
    Context.current().heartbeat();
    await delay(50, undefined, { signal: cancellationSignal }).catch(() => Context.current().cancelled);
  }
}

async function isLost(client: Client, workflowId: string, runId: string): Promise<boolean> {
  const { status } = await client.workflow.getHandle(workflowId, runId).describe();
  return status.name === 'TERMINATED' || status.name === 'TIMED_OUT';
}

/** What goes on beside a run's steps. */
const BESIDE = ['watchHolder', 'watchHosts', 'holdLeases', 'enqueue', 'inform', 'keepAudit', 'noteAudit'];

/** What an environment says of itself; `null`: it never had a run. */
async function stateOf(
  client: Client,
  { application, environment }: Pick<DeploymentRequest, 'application' | 'environment'>,
): Promise<EnvironmentStatus | null> {
  const handle = client.workflow.getHandle(environmentWorkflowId(application, environment));
  try {
    return await handle.query(status);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** A world without hosts: what it serves is a variable, what was done is a list. */
export class MockWorld {
  readonly calls: Call[] = [];
  readonly records: RunRecord[] = [];
  readonly incidents: IncidentMarker[] = [];
  readonly trail = new MemoryTrail();
  /** Version → release that `validate` finds. */
  releases: Record<string, Release> = { '1.0.0': release('1.0.0'), '2.0.0': release('2.0.0') };
  policy = policy();
  /** Laid over the plan that `plan` answers. */
  planned: Partial<HashedPlan> = {};
  /** Hosts that do not answer a watch. */
  readonly silent = new Set<string>();
  /** Digest that each host serves. */
  readonly serving = new Map<string, string | null>();
  /** Runs that have activated something. */
  readonly begun = new Set<string>();
  /** `seldom`: every ten minutes of virtual time; `close`: all the time; `real`: the activity itself. */
  watcher: 'seldom' | 'close' | 'real' = 'seldom';
  /** Laid over what the real watcher is told. */
  watchTimes: Pick<HolderWatch, 'stalledAfterMs' | 'lookEveryMs'> = {};
  /** Laid over the activities below; called instead of them, after the call was noted. */
  override: Partial<Activities> = {};

  /** Activities for a worker. Joining the queue, and those of the audit trail, are the real ones. */
  activities(client: Client): Activities {
    const environments = { has: () => true };
    const dependencies = {
      temporal: client,
      audit: this.trail,
      config: { application: 'campus', environments },
    } as unknown as Dependencies;
    const plain: Activities = {
      validate: async ({ version, ...where }) => {
        const found = this.releases[version];
        if (!found) throw failure('RELEASE_NOT_FOUND', `no release ${version}`);
        const isHeld = this.holdNow((await stateOf(client, where))?.switches) !== null;
        return { release: found, policy: this.policy, isHeld };
      },
      verifyApproval: async () => {
        throw failure('SIGNATURE_NOT_JUDGED');
      },
      plan: async (input) => this.plan(input, input.grant ?? (await stateOf(client, input.request))),
      enqueue: (input) => enqueue(dependencies, input),
      inform: (input) => inform(dependencies, input),
      watchHolder: async (watch) => {
        const { workflowId, runId } = watch;
        if (this.watcher === 'real') return watchHolder(dependencies, { ...watch, ...this.watchTimes });
        if (this.watcher === 'close') return watchClosely(client, { workflowId, runId });
        if (await isLost(client, workflowId, runId)) return undefined;
        throw ApplicationFailure.create({ message: 'looks again later', nextRetryDelay: WATCH_INTERVAL });
      },
      tracesOf: async ({ deploymentId, hosts }) =>
        this.begun.has(deploymentId) ? hosts.map(({ name }) => name) : [],
      rehearse: async ({ host }) => ({ host: host.name, would: {} }),
      adopt: async () => undefined,
      capture: async () => 'file',
      stage: async () => undefined,
      activate: async ({ host, release: to, token }) => {
        this.serving.set(host.name, to.digest);
        this.begun.add(token.run);
        return { downtimeMs: 10 };
      },
      migrate: async () => ['2 fees (10 ms)'],
      settleSchema: async () => ({ version: null, differences: [] }),
      check: async () => HEALTHY,
      smoke: async () => WELL,
      readBack: async ({ host, release: wanted }) => this.reading(host.name, wanted),
      prepare: async ({ host, release: wanted }) => this.voted(host.name, wanted),
      // The real one goes on; here no time would pass while it does.
      // Never done, as the real one: the test server refuses a workflow task that cancels an activity which has just ended.
      holdLeases: async () => {
        throw ApplicationFailure.create({ message: 'renews again later', nextRetryDelay: WATCH_INTERVAL });
      },
      watchHosts: async ({ hosts }) => {
        const answering = hosts.filter(({ name }) => !this.silent.has(name)).map(({ name }) => name);
        if (answering.length > 0) return answering;
        throw ApplicationFailure.create({ message: 'looks again later', nextRetryDelay: WATCH_INTERVAL });
      },
      withdraw: async ({ host }) => {
        this.serving.set(host.name, null);
      },
      planRecovery: async (input) => this.recovery(client, input),
      health: async ({ environment }) => ({
        environment,
        committed: 'nothing',
        healthy: true,
        durationMs: 0,
        results: [],
        evicted: [],
        holder: null,
      }),
      preflight: async ({ environment, version }) =>
        preflightReport({ environment, version, level: 'basic', durationMs: 0 }, []),
      verify: async ({ environment }) => ({
        environment,
        committed: 'nothing',
        consistent: true,
        hosts: [],
        schema: null,
        holder: null,
      }),
      compose: async () => undefined,
      forensics: async ({ host, version }) => ({
        said: `${host.name}:/forensics/${version}`,
        kept: `/runs/forensics-${host.name}.json`,
      }),
      restore: (call) => this.restored(call),
      commit: async ({ host, release: wanted }) => this.reading(host.name, wanted),
      record: async (what) => {
        this.records.push(what);
        return 'file';
      },
      incident: async (what) => {
        this.incidents.push(what);
        return 'file';
      },
      // A worker's interceptor does the same.
      keepAudit: (input) =>
        keepAudit(dependencies, input).catch((error: unknown) => {
          throw codedFailure(error);
        }),
      noteAudit: (input) => noteAudit(dependencies, input),
    };
    const noted = Object.keys(plain).map((name) => [name, this.noting(name as keyof Activities, plain)]);
    return Object.fromEntries(noted) as Activities;
  }

  /** By the time of the server. */
  private holdNow(switches: Switches = NOTHING_SWITCHED): Hold | null {
    const { currentAttemptScheduledTimestampMs } = Context.current().info;
    return holdOf(switches, this.policy.windows, currentAttemptScheduledTimestampMs);
  }

  /** What a host serves, compared with what it should. */
  reading(host: string, wanted: ReleaseRef | null): HostReading {
    const serves = (this.serving.get(host) ?? null) === (wanted?.digest ?? null);
    return serves
      ? { host, state: 'serves', differences: [] }
      : { host, state: 'differs', differences: ['backend serves something else'] };
  }

  private noting(name: keyof Activities, plain: Activities) {
    return async (input: { readonly host?: { readonly name: string }; readonly token?: StepToken }) => {
      const { host, token } = input;
      this.calls.push({
        name,
        input,
        at: Context.current().info.currentAttemptScheduledTimestampMs,
        ...(host && { host: host.name }),
        ...(token && { token }),
      });
      const activity = (this.override[name] ?? plain[name]) as (what: unknown) => Promise<unknown>;
      return activity(input);
    };
  }

  /** A host's vote for what it serves. */
  private voted(host: string, wanted: ReleaseRef): void {
    const { state, differences } = this.reading(host, wanted);
    if (state !== 'serves') throw failure('NOT_READ_BACK', differences.join(', '));
  }

  /** The plan of a deployment, and whether its hosts were captured with it; `known`: what the environment says. */
  plan(
    { request, grant, captures = false }: Parameters<Activities['plan']>[0],
    known: Partial<Pick<EnvironmentStatus, 'committed' | 'switches'>> | null = grant,
  ): Awaited<ReturnType<Activities['plan']>> {
    const to = this.releases[request.version] ?? release(request.version);
    const { committed: from = null, switches } = known ?? {};
    const { held, policy, overrides } = judged(request, this.policy, this.holdNow(switches));
    const plan = hashedPlan({ from, to, policy, overrides, captures, ...this.planned });
    return { plan, epoch: grant?.epoch ?? 0, held, captured: captures && grant !== null && held === null };
  }

  /** The plan of a recovery, by what the environment remembers. */
  private async recovery(
    client: Client,
    { request, grant }: Parameters<Activities['planRecovery']>[0],
  ): Promise<Awaited<ReturnType<Activities['planRecovery']>>> {
    const { application, environment, wish } = request;
    const state = await client.workflow
      .getHandle(environmentWorkflowId(application, environment))
      .query(status);
    const to = wish.kind === 'rollback' ? chooseTarget(state, wish.to) : state.committed;
    const hosts = HOSTS.filter(({ name }) =>
      wish.kind === 'rejoin' ? name === wish.host : !Object.hasOwn(state.evicted, name),
    );
    const plan: RecoveryPlan = {
      from: state.committed,
      to,
      hosts,
      compose: null,
      policy: this.policy,
      ...stillLeft(wish.kind, state.quarantine),
      settles: state.quarantine?.lost.includes(DATABASE) ?? false,
      supply: [],
      would: {},
      silent: [],
    };
    return { plan, epoch: grant?.epoch ?? 0 };
  }

  /** A host was restored. */
  async restored({ host, release: to }: Parameters<Activities['restore']>[0]): Promise<Restored> {
    const digest = to?.digest ?? null;
    const changed = this.serving.get(host.name) !== digest;
    this.serving.set(host.name, digest);
    return { changed, notReady: null };
  }

  /** Calls of an activity, of one host where given. */
  of(name: keyof Activities, host?: string): Call[] {
    return this.calls.filter((call) => call.name === name && (host === undefined || call.host === host));
  }

  /** Names of the activities in order, without those of the environment; the same one on many hosts counts once. */
  story(): string[] {
    const names = this.calls
      .filter(({ name }) => !BESIDE.includes(name))
      .map(({ name, input }) =>
        name === 'activate' ? `activate ${(input as { component: string }).component}` : name,
      );
    return names.filter((name, index) => name !== names[index - 1]);
  }

  /** True when every host serves the release (`null`: nothing). */
  everyHostServes(wanted: Release | null): boolean {
    return HOSTS.every((host) => (this.serving.get(host.name) ?? null) === (wanted?.digest ?? null));
  }
}

/** A world in which 1.0.0 serves everywhere, and a plan leads from there to 2.0.0 with a migration. */
export function upgrade(override: Partial<Activities> = {}): MockWorld {
  const world = new MockWorld();
  const from = release('1.0.0');
  for (const { name } of HOSTS) world.serving.set(name, from.digest);
  world.planned = { from, pendingMigrations: ['V2__fees.sql'] };
  world.override = override;
  return world;
}

/** An opening that activities wait at until the test says so. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}
