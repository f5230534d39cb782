import { Database } from '../adapters/database.js';
import { resolveExactly } from '../adapters/release-directory.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import type { EnvironmentConfig } from '../config/load.js';
import { newEnvironment, type EnvironmentState } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { HostRef } from '../domain/plan.js';
import { stillLeft } from '../domain/quarantine.js';
import type { RecoveryPlan, RecoveryRequest } from '../domain/recovery.js';
import { describeRelease, type Release } from '../domain/release.js';
import { chooseTarget } from '../domain/rollback-target.js';
import type { Grant } from '../domain/run.js';
import { DATABASE } from '../domain/verdict.js';
import { tolerates } from '../domain/version.js';
import { earlierReleases } from '../domain/ways-out.js';
import { composite } from './composite.js';
import { configured, type Dependencies } from './dependencies.js';
import {
  adopted,
  assertOwn,
  environmentNow,
  epochAbove,
  hostsOrKnown,
  inspectWhatAnswers,
  type Inspected,
} from './hosts-of.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf, stateFileDifferences } from './reading.js';
import { schemaPlace } from './schema-place.js';

/** A recovery's plan, and the epoch that the run has to use. */
export interface PlannedRecovery {
  readonly plan: RecoveryPlan;
  readonly epoch: number;
}

type Target = Pick<RecoveryPlan, 'to' | 'compose'>;

/** The hosts that are not evicted. */
function counted(all: readonly HostRef[], { evicted }: Pick<EnvironmentState, 'evicted'>): HostRef[] {
  return all.filter(({ name }) => !Object.hasOwn(evicted, name));
}

/** The hosts that a recovery is about: those that are counted, or the one that is to be counted in again. */
function concerned(
  all: readonly HostRef[],
  environment: EnvironmentConfig,
  { wish }: RecoveryRequest,
  { evicted }: EnvironmentState,
): HostRef[] {
  if (wish.kind !== 'rejoin') return counted(all, { evicted });
  const hosts = all.filter(({ name }) => name === wish.host);
  if (hosts.length === 1 && Object.hasOwn(evicted, wish.host)) return hosts;
  throw new SafeguardError('HOST_UNKNOWN', `${wish.host} is not an evicted host of ${environment.name}.`);
}

/** Digests of the releases that the target is, or is made of: hosts must hold them whole. */
function needed(state: EnvironmentState, { wish }: RecoveryRequest): string[] {
  const target = wish.kind === 'rollback' ? [chooseTarget(state, wish.to)] : [];
  return [state.committed, ...target].flatMap((release) => (release ? [release.digest] : []));
}

/** A host that does not answer can't rejoin, and nobody is to wait for it: it is out already. */
function assertAnswers({ wish }: RecoveryRequest, silent: ReadonlyMap<string, string>): void {
  const why = wish.kind === 'rejoin' ? silent.get(wish.host) : undefined;
  if (why !== undefined) throw new SafeguardError('HOST_UNREACHABLE', why);
}

/** Where the hosts are to be brought, by what the environment remembers. */
async function targetOf(
  environment: EnvironmentConfig,
  { wish }: RecoveryRequest,
  state: EnvironmentState,
  inspected: Inspected,
): Promise<Target> {
  if (wish.kind === 'converge' && wish.adopt !== null && state.committed === null)
    return { to: await adopted(environment, inspected), compose: null };
  if (wish.kind !== 'rollback') return { to: state.committed, compose: null };
  const target = chooseTarget(state, wish.to);
  if (wish.components === null) return { to: target, compose: null };
  return composite(environment, { state, target, components: wish.components, inspected });
}

/**
 * Hosts that lack the target, or whose files of it were altered. It is sent to them, if this runner still has it.
 * @throws SafeguardError ROLLBACK_TARGET_MISSING
 */
async function toSupply(
  environment: EnvironmentConfig,
  { wish }: RecoveryRequest,
  { to, compose }: Target,
  inspected: Inspected,
): Promise<string[]> {
  if (to === null || compose !== null) return [];
  const lacking = inspected.flatMap(([host, seen]) => (isWhole(seen, to) ? [] : [host]));
  if (lacking.length === 0) return [];
  try {
    await resolveExactly(environment, to);
    return lacking;
  } catch (cause) {
    if (!(cause instanceof SafeguardError)) throw cause;
    // What is only altered is found and told by the restore itself; a converge does what can be done.
    if (wish.kind !== 'rollback') return [];
    throw new SafeguardError(
      'ROLLBACK_TARGET_MISSING',
      `${lacking.join(', ')} ${lacking.length === 1 ? 'does' : 'do'} not hold ${describeRelease(to)} whole, and this runner can't supply it: ${cause.message}`,
      { cause },
    );
  }
}

/** A manifest is answered only for a release whose files are as they were staged, whether it runs or lies by. */
function isWhole({ manifests }: HostInspection, { digest }: Release): boolean {
  return manifests !== undefined && Object.hasOwn(manifests, digest);
}

async function assertSchemaTolerated(
  to: Release | null,
  environment: EnvironmentConfig,
  pulse: Pulse,
): Promise<void> {
  const version = to?.schema ? await schemaIfKnown(environment, pulse) : null;
  if (!to?.schema || version === null || tolerates(to.schema.tolerates, version)) return;
  const { min, max } = to.schema.tolerates;
  throw new SafeguardError(
    'SCHEMA_NOT_TOLERATED',
    `${to.version} works with schema ${min} to ${max}, but the database is at ${version}.`,
  );
}

/** A rollback changes no schema, and must not need a database that may be the very trouble. */
async function schemaIfKnown(environment: EnvironmentConfig, pulse: Pulse): Promise<string | null> {
  try {
    const place = schemaPlace(environment);
    if (!place) return null;
    const facts = await Database.use(place.login, (database) => lookAtDatabase(database, place.owner));
    return facts.version;
  } catch (error) {
    if (pulse.signal.aborted || !(error instanceof SafeguardError)) throw error;
    pulse.say(`the schema is not known: ${error.message}`);
    return null;
  }
}

function differencesFrom(to: Release | null, inspected: Inspected): Record<string, readonly string[]> {
  const components = to?.components.map(({ name }) => name) ?? [];
  const found = inspected.map(([host, seen]) => {
    const { differences } = readingOf(host, seen, to, components);
    return [host, [...differences, ...stateFileDifferences(seen, to)]] as const;
  });
  return Object.fromEntries(found);
}

/** A state file is a note for people, so it is written anew only where one says something else than what is to serve. */
function stateFileOf(
  to: Release | null,
  state: EnvironmentState,
  inspected: Inspected,
): Pick<RecoveryPlan, 'stateFile'> {
  if (inspected.every(([, seen]) => stateFileDifferences(seen, to).length === 0)) return {};
  return { stateFile: { previousVersion: earlierReleases(state)[0]?.version ?? null } };
}

/**
 * Looks at hosts and database, and decides what a recovery will do. Changes nothing.
 * @throws SafeguardError ROLLBACK_TARGET_UNKNOWN, ROLLBACK_TARGET_MISSING, SCHEMA_NOT_TOLERATED, HOST_UNKNOWN, HOST_UNREACHABLE,
 * ENVIRONMENT_NOT_ADOPTED
 */
export async function planRecovery(
  dependencies: Dependencies,
  { request, grant }: { readonly request: RecoveryRequest; readonly grant: Grant | null },
): Promise<PlannedRecovery> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const state = (await environmentNow(dependencies, request)) ?? newEnvironment('');
    const all = await hostsOrKnown(dependencies, environment, state.hosts, pulse);
    const hosts = concerned(all, environment, request, state);
    const { wish } = request;
    const wanted = needed(state, request);
    const { inspected, silent } = await inspectWhatAnswers(dependencies, environment, hosts, pulse, wanted);
    assertAnswers(request, silent);
    if (grant) assertOwn(inspected, grant, wish.kind === 'converge' && wish.adopt !== null);
    const target = await targetOf(environment, request, state, inspected);
    if (wish.kind === 'rollback') await assertSchemaTolerated(target.to, environment, pulse);
    const plan: RecoveryPlan = {
      ...target,
      from: state.committed,
      hosts,
      policy: environment.policy,
      ...stillLeft(wish.kind, state.quarantine),
      settles: state.quarantine?.lost.includes(DATABASE) ?? false,
      supply: await toSupply(environment, request, target, inspected),
      ...stateFileOf(target.to, state, inspected),
      would: differencesFrom(target.to, inspected),
      ...(wish.kind === 'rejoin' ? { peers: counted(all, state) } : {}),
      silent: [...silent.keys()],
    };
    return { plan, epoch: epochAbove(inspected, request.deploymentId, grant?.epoch ?? 0) };
  });
}
