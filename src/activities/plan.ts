import { createHash } from 'node:crypto';
import { Database } from '../adapters/database.js';
import { resolveRelease } from '../adapters/release-directory.js';
import { assertMayFence } from '../adapters/schema-fence.js';
import { lookAtDatabase } from '../adapters/schema-look.js';
import type { EnvironmentConfig } from '../config/load.js';
import { canonicalJson } from '../domain/canonical-json.js';
import type { EnvironmentState } from '../domain/environment-state.js';
import { SafeguardError } from '../domain/errors.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { SchemaManifest } from '../domain/manifest.js';
import { pendingMigrations } from '../domain/migration.js';
import { computePlan, planIntent, type HashedPlan } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest, Grant } from '../domain/run.js';
import { environmentWorkflowId, status } from '../workflows/messages.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf } from './reading.js';
import { assertNotHalfDone, schemaPlace } from './schema-place.js';

/** A request, and the environment's grant once there is one. */
export interface PlanRequest {
  readonly request: DeploymentRequest;
  readonly grant: Grant | null;
}

/** A plan, and the epoch that the run has to use: above the environment's and every host's. */
export interface Planned {
  readonly plan: HashedPlan;
  readonly epoch: number;
}

type Inspected = readonly (readonly [host: string, inspection: HostInspection])[];

async function inspectAll(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  { signal }: Pulse,
): Promise<Inspected> {
  const of = { application: environment.application, environment: environment.name };
  return Promise.all(
    environment.hosts.map(
      async (host) =>
        [host.name, await dependencies.program.inspect(targetOf(environment, host), of, { signal })] as const,
    ),
  );
}

async function committedNow({ temporal }: Dependencies, where: Where): Promise<Release | null> {
  const handle = temporal.workflow.getHandle(environmentWorkflowId(where.application, where.environment));
  try {
    return (await handle.query<EnvironmentState>(status.name)).committed;
  } catch (error) {
    // Nothing was ever deployed there: its entity workflow begins with the first run that joins the queue.
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
    throw error;
  }
}

/** Hosts that another life of the environment deployed to are taken over on request only. */
function assertOwn(inspected: Inspected, grant: Grant, adopt: boolean): void {
  const strangers = inspected.filter(
    ([, seen]) => seen.token !== null && seen.token.incarnation !== grant.incarnation,
  );
  if (strangers.length === 0 || adopt) return;
  throw new SafeguardError(
    'ENVIRONMENT_NOT_ADOPTED',
    `Another life of this environment deployed to ${strangers.map(([host]) => host).join(', ')}.`,
  );
}

/** The release that adopted hosts hold; they must agree, and the runner must still have it. */
async function adopted(environment: EnvironmentConfig, inspected: Inspected): Promise<Release | null> {
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

/** What of the plan is about the schema. */
interface PlannedSchema {
  readonly schemaVersion: string | null;
  readonly pendingMigrations: readonly string[];
}

/**
 * Looks at the database. What would make the migrations impossible is found here, before anything is changed.
 * @throws SafeguardError MIGRATION_HALF_DONE, DATABASE_DENIED, DATABASE_UNREACHABLE
 */
async function plannedSchema(
  environment: EnvironmentConfig,
  schema: SchemaManifest | null,
): Promise<PlannedSchema> {
  const place = schemaPlace(environment);
  if (!place) return { schemaVersion: null, pendingMigrations: [] };
  return Database.use(place.login, async (database) => {
    const facts = await lookAtDatabase(database, place.owner);
    if (schema !== null) assertNotHalfDone(facts, place.owner);
    const pendingMigrations = pendingFrom(schema, facts.version);
    if (pendingMigrations.length > 0) await assertMayFence(database);
    return { schemaVersion: facts.version, pendingMigrations };
  });
}

function pendingFrom(schema: SchemaManifest | null, current: string | null): string[] {
  if (schema === null) return [];
  return pendingMigrations(
    schema.migrations.map(({ file }) => file),
    current,
  );
}

function hashed(plan: Omit<HashedPlan, 'hash'>): HashedPlan {
  return {
    ...plan,
    hash: createHash('sha256')
      .update(canonicalJson(planIntent(plan)))
      .digest('hex'),
  };
}

/** Looks at hosts and database and decides what the run will do. Changes nothing. */
export async function plan(dependencies: Dependencies, { request, grant }: PlanRequest): Promise<Planned> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const { release: to } = await resolveRelease(environment, request.version);
    const [inspected, schema] = await Promise.all([
      inspectAll(dependencies, environment, pulse),
      plannedSchema(environment, to.schema),
    ]);
    if (grant) assertOwn(inspected, grant, request.adopt !== null);
    const known = grant ? grant.committed : await committedNow(dependencies, request);
    const from = known === null && request.adopt !== null ? await adopted(environment, inspected) : known;
    const computed = computePlan({
      application: request.application,
      environment: request.environment,
      from,
      to,
      hosts: environment.hosts,
      alreadyServed:
        from?.digest === to.digest && inspected.every(([host, seen]) => isServed(host, seen, to)),
      force: request.force,
      ...schema,
      policy: environment.policy,
    });
    const others = inspected
      .map(([, seen]) => seen.token)
      .filter((token) => token !== null && token.run !== request.deploymentId);
    const epoch = Math.max(grant?.epoch ?? 0, ...others.map((token) => (token?.epoch ?? 0) + 1));
    return { plan: hashed(computed), epoch };
  });
}

function isServed(host: string, seen: HostInspection, to: Release): boolean {
  const components = to.components.map((component) => component.name);
  return seen.committed === to.digest && readingOf(host, seen, to, components).state === 'serves';
}
