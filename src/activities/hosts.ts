import { Context } from '@temporalio/activity';
import type { HostCallOptions } from '../adapters/host-program.js';
import { openArtifact, resolveExactly } from '../adapters/release-directory.js';
import { readSecret } from '../adapters/secrets.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import type { EnvironmentConfig } from '../config/load.js';
import { HostRefused, SafeguardError } from '../domain/errors.js';
import type { FencingToken, StateFile } from '../domain/host-protocol.js';
import type { ReleaseRef } from '../domain/manifest.js';
import type { HostRef } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { StepToken } from '../domain/run.js';
import type { HostReading } from '../domain/verdict.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf, withCommitted } from './reading.js';
import { untilReady } from './ready.js';
import { assertNotReset } from './reset.js';

/** One step on one host. */
export interface OnHost extends Where {
  readonly host: HostRef;
  readonly token: StepToken;
  /** The run that the environment was given to; see `assertNotReset`. */
  readonly grantedTo?: string;
}

interface Timed {
  readonly timeoutSeconds: number;
}

interface Addressed {
  readonly environment: EnvironmentConfig;
  readonly target: SshTarget;
  readonly request: {
    readonly application: string;
    readonly environment: string;
    readonly token: FencingToken;
  };
}

/** How a call reaches its host, and what every request of it begins with. */
export function addressed(dependencies: Dependencies, call: OnHost): Addressed {
  assertNotReset(call.grantedTo);
  const environment = configured(dependencies, call);
  const token = { ...call.token, attempt: Context.current().info.attempt };
  return {
    environment,
    target: targetOf(environment, call.host),
    request: { application: call.application, environment: call.environment, token },
  };
}

/** How a call of the host program hangs on its activity. */
export function options({ signal, say }: Pulse, timeoutSeconds?: number): HostCallOptions {
  return {
    signal,
    onProgress: ({ text, bytes }) => say(bytes === undefined ? text : `${text}: ${bytes} bytes`),
    ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }),
  };
}

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

/** Sends every component of the release beside the running one. */
export async function stage(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly release: Release },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const resolved = await resolveExactly(environment, call.release);
    const send = async (component: string): Promise<void> => {
      const section = environment.components[component];
      const references = section?.kind === 'systemd' ? Object.entries(section.secrets) : [];
      const secrets = Object.fromEntries(
        references.map(([name, reference]) => [name, readSecret(reference, name)]),
      );
      const { manifest, release } = resolved;
      await dependencies.program.stage(
        target,
        { ...request, operation: 'stage', manifest, digest: release.digest, component, secrets },
        () => openArtifact(resolved, component),
        options(pulse, call.timeoutSeconds),
      );
    };
    await Promise.all(call.release.components.map(({ name }) => send(name)));
  });
}

/** Puts one component in place and waits until it is ready. */
export async function activate(
  dependencies: Dependencies,
  call: OnHost &
    Timed & { readonly release: Release; readonly component: string; readonly leaseSeconds: number },
): Promise<{ downtimeMs: number }> {
  return withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const { release, component } = call;
    const part = release.components.find(({ name }) => name === component);
    if (!part)
      throw new SafeguardError('INTERNAL', `Release ${release.version} has no component ${component}.`);
    const result = await dependencies.program.change(
      target,
      { ...request, operation: 'activate', digest: release.digest, component, lease: call.leaseSeconds },
      options(pulse, call.timeoutSeconds),
    );
    await untilReady(dependencies, target, part, pulse, environment);
    return { downtimeMs: result.downtimeMs ?? 0 };
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
 * that is back but unhealthy is another finding than a host that is not back.
 */
export async function restore(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly release: Release | null },
): Promise<Restored> {
  return withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const { release } = call;
    const { changed } = await dependencies.program.change(
      target,
      { ...request, operation: 'restore', digest: release?.digest ?? null },
      options(pulse, call.timeoutSeconds),
    );
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
