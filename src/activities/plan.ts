import { createHash } from 'node:crypto';
import { postgresProbe } from '../adapters/probes/postgres.js';
import { resolveRelease } from '../adapters/release-directory.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import { canonicalJson } from '../domain/canonical-json.js';
import type { HostInspection } from '../domain/host-protocol.js';
import type { SchemaManifest } from '../domain/manifest.js';
import { pendingMigrations } from '../domain/migration.js';
import { computePlan, planIntent, type HashedPlan } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { DeploymentRequest, Grant } from '../domain/run.js';
import { configured, type Dependencies } from './dependencies.js';
import { adopted, assertOwn, environmentNow, epochAbove, inspectAll } from './hosts-of.js';
import { parseJdbcUrl } from './jdbc.js';
import { withPulse, type Pulse } from './pulse.js';
import { readingOf } from './reading.js';

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

/** Version of the database's schema; `null` when it is empty, or the environment has none. */
export async function schemaVersion(
  environment: EnvironmentConfig,
  { signal }: Pulse,
): Promise<string | null> {
  const { migrations } = environment;
  if (!migrations) return null;
  const password = readSecret(migrations.password, 'migrations.password');
  const answer = await postgresProbe({
    ...parseJdbcUrl(migrations.url),
    user: migrations.user,
    password,
    signal,
  });
  return answer.schemaVersion;
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

/** What the environment knows: by its grant, or, while there is none, by its own word. */
async function knownOf(
  dependencies: Dependencies,
  { request, grant }: PlanRequest,
): Promise<{ readonly committed: Release | null; readonly evicted: readonly string[] }> {
  if (grant) return grant;
  const now = await environmentNow(dependencies, request);
  return { committed: now?.committed ?? null, evicted: Object.keys(now?.evicted ?? {}) };
}

/** Looks at hosts and database and decides what the run will do. Changes nothing. */
export async function plan(dependencies: Dependencies, { request, grant }: PlanRequest): Promise<Planned> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const { committed: known, evicted } = await knownOf(dependencies, { request, grant });
    const hosts = environment.hosts.filter(({ name }) => !evicted.includes(name));
    const [{ release: to }, inspected, schema] = await Promise.all([
      resolveRelease(environment, request.version),
      inspectAll(dependencies, environment, hosts, pulse),
      schemaVersion(environment, pulse),
    ]);
    if (grant) assertOwn(inspected, grant, request.adopt !== null);
    const from = known === null && request.adopt !== null ? await adopted(environment, inspected) : known;
    const computed = computePlan({
      application: request.application,
      environment: request.environment,
      from,
      to,
      hosts,
      alreadyServed:
        from?.digest === to.digest && inspected.every(([host, seen]) => isServed(host, seen, to)),
      // Who takes hosts over wants them to be the environment's own afterwards, whatever they serve.
      force: request.force || request.adopt !== null,
      schemaVersion: schema,
      pendingMigrations: pendingFrom(to.schema, schema),
      policy: environment.policy,
    });
    const epoch = epochAbove(inspected, request.deploymentId, grant?.epoch ?? 0);
    return { plan: hashed(computed), epoch };
  });
}

function isServed(host: string, seen: HostInspection, to: Release): boolean {
  const components = to.components.map((component) => component.name);
  return seen.committed === to.digest && readingOf(host, seen, to, components).state === 'serves';
}
