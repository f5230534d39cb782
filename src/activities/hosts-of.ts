import type { EnvironmentConfig } from '../config/load.js';
import type { EnvironmentState } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { HostRef } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { Grant } from '../domain/run.js';
import { resolveRelease } from '../adapters/release-directory.js';
import { environmentWorkflowId, status } from '../workflows/messages.js';
import { targetOf, type Dependencies, type Where } from './dependencies.js';
import type { Pulse } from './pulse.js';

/** What was seen on each host that answered. */
export type Inspected = readonly (readonly [host: string, inspection: HostInspection])[];

/**
 * The hosts of an environment, as `safeguard.yaml` or its inventory has them now.
 * @throws SafeguardError INVENTORY_INVALID, ANSIBLE_MISSING
 */
export async function hostsOf(
  { readInventory }: Dependencies,
  { hosts, inventory }: EnvironmentConfig,
  { signal }: Pulse,
): Promise<readonly HostRef[]> {
  return inventory === null ? hosts : readInventory(inventory, signal);
}

/**
 * The same for a way back, which must not need Ansible: where the inventory can't be read now, the hosts that the last run changed.
 * @throws SafeguardError INVENTORY_INVALID, ANSIBLE_MISSING when there are none
 */
export async function hostsOrKnown(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  known: readonly HostRef[],
  pulse: Pulse,
): Promise<readonly HostRef[]> {
  try {
    return await hostsOf(dependencies, environment, pulse);
  } catch (error) {
    if (!(error instanceof SafeguardError) || known.length === 0) throw error;
    pulse.say(`the inventory is not known: ${error.message}`);
    return known;
  }
}

/**
 * Looks at every host at once.
 * @throws SafeguardError when one of them can't be looked at
 */
export async function inspectAll(
  { program }: Dependencies,
  environment: EnvironmentConfig,
  hosts: readonly HostRef[],
  { signal }: Pulse,
): Promise<Inspected> {
  const of = { application: environment.application, environment: environment.name };
  const look = async (host: HostRef) =>
    [host.name, await program.inspect(targetOf(environment, host), of, { signal })] as const;
  return Promise.all(hosts.map(look));
}

/**
 * Looks at every host at once; those that can't be looked at are `silent`, with the reason. `manifests`: digests of releases whose
 * manifests are wanted too.
 */
export async function inspectWhatAnswers(
  { program }: Dependencies,
  environment: EnvironmentConfig,
  hosts: readonly HostRef[],
  { signal }: Pulse,
  manifests: readonly string[] = [],
): Promise<{ readonly inspected: Inspected; readonly silent: ReadonlyMap<string, string> }> {
  const of = {
    application: environment.application,
    environment: environment.name,
    ...(manifests.length === 0 ? {} : { manifests }),
  };
  const silent = new Map<string, string>();
  const looks = hosts.map(async (host) => {
    try {
      return [[host.name, await program.inspect(targetOf(environment, host), of, { signal })] as const];
    } catch (error) {
      if (signal.aborted || !(error instanceof SafeguardError)) throw error;
      silent.set(host.name, error.message);
      return [];
    }
  });
  return { inspected: (await Promise.all(looks)).flat(), silent };
}

/** How long an environment may take to say how it stands, in milliseconds, and how often it is asked. */
const ANSWER_MS = 10_000;
const ASKED = 3;

/**
 * What the environment knows of itself; `null`: nothing was ever deployed there, its entity workflow begins with the first run
 * that joins the queue.
 * @throws SafeguardError TEMPORAL_UNREACHABLE when it does not answer
 */
export async function environmentNow(
  { temporal }: Pick<Dependencies, 'temporal'>,
  { application, environment }: Where,
): Promise<EnvironmentState | null> {
  const handle = temporal.workflow.getHandle(environmentWorkflowId(application, environment));
  for (let times = 1; ; times += 1) {
    try {
      return await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
        handle.query<EnvironmentState>(status.name),
      );
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'WorkflowNotFoundError') return null;
      // It may be between two workers, or have much else to do.
      if (times < ASKED) continue;
      const message = `The environment ${environment} does not say how it stands.`;
      throw new SafeguardError('TEMPORAL_UNREACHABLE', message, { cause });
    }
  }
}

/**
 * Hosts that another life of the environment deployed to are taken over on request only.
 * @throws SafeguardError ENVIRONMENT_NOT_ADOPTED
 */
export function assertOwn(inspected: Inspected, grant: Grant, adopt: boolean): void {
  const strangers = inspected.filter(
    ([, seen]) => seen.token !== null && seen.token.incarnation !== grant.incarnation,
  );
  if (strangers.length === 0 || adopt) return;
  throw new SafeguardError(
    'ENVIRONMENT_NOT_ADOPTED',
    `Another life of this environment deployed to ${strangers.map(([host]) => host).join(', ')}.`,
  );
}

/**
 * The release that adopted hosts hold; they must agree, and the runner must still have it.
 * @throws SafeguardError HOST_NOT_AS_COMMITTED
 */
export async function adopted(environment: EnvironmentConfig, inspected: Inspected): Promise<Release | null> {
  const held = new Map(inspected.map(([, seen]) => [seen.committed, seen.committedVersion]));
  const [first] = held;
  if (held.size !== 1 || !first) {
    throw new SafeguardError(
      'HOST_NOT_AS_COMMITTED',
      `The hosts hold different releases: ${[...held.values()].map(String).join(', ')}.`,
    );
  }
  const [digest, version] = first;
  if (digest === null || version === null) return null;
  const { release } = await resolveRelease(environment, version);
  if (release.digest === digest) return release;
  throw new SafeguardError(
    'HOST_NOT_AS_COMMITTED',
    `The hosts hold another ${version} than the release directory of this runner.`,
  );
}

/** An epoch above the environment's and every host's. */
export function epochAbove(inspected: Inspected, deploymentId: string, granted: number): number {
  const others = inspected.flatMap(([, { token }]) =>
    token !== null && token.run !== deploymentId ? [token.epoch + 1] : [],
  );
  return Math.max(granted, ...others);
}
