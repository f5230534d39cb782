import { Context } from '@temporalio/activity';
import type { EnvironmentConfig } from '../config/load.js';
import { HostRefused, SafeguardError } from '../domain/errors.js';
import type { StateFile } from '../domain/host-protocol.js';
import type { ReleaseRef } from '../domain/manifest.js';
import type { HostRef } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { HostReading } from '../domain/verdict.js';
import { ansibleHost, playbookVars } from './by-ansible.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { addressed, options, type OnHost, type Timed } from './on-host.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf, withCommitted } from './reading.js';
import { untilReady } from './ready.js';

/** Takes over a host that another life of the environment deployed to. */
export async function adopt(
  dependencies: Dependencies,
  call: OnHost & { readonly reason: string },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { target, request } = addressed(dependencies, call);
    await dependencies.program.change(
      target,
      { ...request, operation: 'adopt', reason: call.reason },
      options(pulse),
    );
  });
}

/**
 * Asks a host for its vote: it insists that everything of the release really runs there, and no longer goes back by itself.
 * @throws SafeguardError NOT_READ_BACK, HOST_REFUSED (LEASE_LAPSED: it went back by itself meanwhile)
 */
export async function prepare(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly release: Release; readonly peers: readonly string[] },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { target, request } = addressed(dependencies, call);
    const { release, peers, timeoutSeconds } = call;
    const vote = { ...request, operation: 'prepare', digest: release.digest, peers } as const;
    try {
      await dependencies.program.change(target, vote, options(pulse, timeoutSeconds));
    } catch (cause) {
      if (!(cause instanceof HostRefused) || cause.hostCode !== 'NOT_AS_EXPECTED') throw cause;
      throw new SafeguardError('NOT_READ_BACK', cause.message, { cause });
    }
  });
}

/** Takes a host out of traffic, now and after a boot. */
export async function withdraw(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly reason: string },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { target, request } = addressed(dependencies, call);
    await dependencies.program.change(
      target,
      { ...request, operation: 'withdraw', reason: call.reason },
      options(pulse, call.timeoutSeconds),
    );
  });
}

/** What restoring a host came to. */
export interface Restored {
  /** False when the host already was as asked. */
  readonly changed: boolean;
  /** What was not ready in time, in a sentence; `null`: everything was. */
  readonly notReady: string | null;
}

/**
 * Brings a host back to a release (`null`: to none), and gives it time to become ready. It does not insist on that: a release
 * that is back but unhealthy is another finding than a host that is not back. Needs nothing but SSH; where another release is left
 * and components have an `undo_playbook`, those are carried out once the host serves again.
 */
export async function restore(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly release: Release | null; readonly leaves?: string | null },
): Promise<Restored> {
  return withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const { release } = call;
    const { changed } = await dependencies.program.change(
      target,
      { ...request, operation: 'restore', digest: release?.digest ?? null },
      options(pulse, call.timeoutSeconds),
    );
    if (typeof call.leaves === 'string') await undoOwn(dependencies, environment, call, pulse);
    try {
      for (const part of release?.components ?? [])
        await untilReady(dependencies, target, part, pulse, environment);
      return { changed, notReady: null };
    } catch (error) {
      if (error instanceof SafeguardError && error.code === 'NOT_READY')
        return { changed, notReady: error.message };
      throw error;
    }
  });
}

/** What teams' own playbooks did beside safeguard's work, the last component first. */
async function undoOwn(
  { ansible }: Dependencies,
  environment: EnvironmentConfig,
  {
    application,
    environment: name,
    host,
    release,
    timeoutSeconds,
  }: OnHost & Timed & { readonly release: Release | null },
  pulse: Pulse,
): Promise<void> {
  for (const [component, { undo_playbook: playbook }] of Object.entries(environment.components).reverse()) {
    if (playbook === undefined) continue;
    const vars = playbookVars({ application, environment: name }, component, release);
    const how = options(pulse, timeoutSeconds);
    try {
      await ansible.plain(ansibleHost(environment, host), { playbook, vars }, how);
    } catch (cause) {
      if (!(cause instanceof SafeguardError) || cause.code === 'ANSIBLE_MISSING') throw cause;
      // The host serves the release by now, and would be taken for whole: what is not undone must not look like a lost connection.
      throw new SafeguardError(
        'ANSIBLE_FAILED',
        `The undo_playbook of ${component} was not carried out on ${host.name}: ${cause.message}`,
        { cause },
      );
    }
  }
}

/** What goes into the state file beside the release. */
export interface CommitState {
  readonly deploymentId: string;
  readonly previousVersion: string | null;
  readonly startedAt: string;
  readonly by: string;
}

function stateFile(dependencies: Dependencies, release: Release, state: CommitState): StateFile {
  return {
    current_version: release.version,
    previous_version: state.previousVersion,
    // Of the step, not of this attempt: the host lets an attempt join the change of an earlier one only if both ask the same.
    last_deploy_timestamp: new Date(Context.current().info.scheduledTimestampMs).toISOString(),
    deploy_start: state.startedAt,
    deploy_runner: dependencies.runner,
    deployed_by: state.by,
    deployment_id: state.deploymentId,
    git_sha: release.gitSha,
  };
}

/**
 * Makes the end of a run final on a host, and answers what it serves then. Without `state` the host's state file stays as it is.
 */
export async function commit(
  dependencies: Dependencies,
  call: OnHost &
    Timed & {
      readonly release: Release | null;
      readonly state: CommitState | null;
      readonly keep: number;
      /** Addresses of the other hosts. */
      readonly peers: readonly string[];
    },
): Promise<HostReading> {
  return withPulse(async (pulse) => {
    const { target, request } = addressed(dependencies, call);
    const { release, state, keep } = call;
    await dependencies.program.change(
      target,
      {
        ...request,
        operation: 'commit',
        digest: release?.digest ?? null,
        state: release && state ? stateFile(dependencies, release, state) : null,
        keep,
        peers: call.peers,
      },
      options(pulse, call.timeoutSeconds),
    );
    const { application, environment, host } = call;
    const seen = await dependencies.program.inspect(target, { application, environment }, options(pulse));
    const components = release?.components.map((component) => component.name) ?? [];
    return withCommitted(readingOf(host.name, seen, release, components), seen, release);
  });
}

/** Reads back what a host really serves. A host that does not answer is `unknown`; this never throws for a host. */
export async function readBack(
  dependencies: Dependencies,
  call: Where & {
    readonly host: HostRef;
    readonly release: ReleaseRef | null;
    readonly components: readonly string[];
    /** Whether the host must have committed the release too. */
    readonly committed: boolean;
  },
): Promise<HostReading> {
  return withPulse(async (pulse) => {
    const { application, environment, host } = call;
    const target = targetOf(configured(dependencies, call), host);
    try {
      const seen = await dependencies.program.inspect(target, { application, environment }, options(pulse));
      const reading = readingOf(host.name, seen, call.release, call.components);
      return call.committed ? withCommitted(reading, seen, call.release) : reading;
    } catch (error) {
      if (!(error instanceof SafeguardError)) throw error;
      return { host: host.name, state: 'unknown', differences: [error.message] };
    }
  });
}
