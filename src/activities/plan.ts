import { createHash } from 'node:crypto';
import { resolveRelease } from '../adapters/release-directory.js';
import { smokeOf } from '../config/environment-smoke.js';
import type { EnvironmentConfig } from '../config/load.js';
import { canonicalJson } from '../domain/canonical-json.js';
import type { HostInspection } from '../domain/host-protocol.js';
import { judged } from '../domain/holds.js';
import { computePlan, planIntent, type HashedPlan } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { PlannedSmoke } from '../domain/smoke-report.js';
import type { DeploymentRequest, Grant } from '../domain/run.js';
import type { Hold, Switches } from '../domain/switches.js';
import { playedBy } from './by-ansible.js';
import { captureAll } from './capture.js';
import { configured, type Dependencies } from './dependencies.js';
import { holdNow } from './hold.js';
import { adopted, assertOwn, environmentNow, epochAbove, hostsOf, inspectAll } from './hosts-of.js';
import { plannedSchema } from './planned-schema.js';
import { withPulse } from './pulse.js';
import { readingOf } from './reading.js';

/** A request, and the environment's grant once there is one. */
export interface PlanRequest {
  readonly request: DeploymentRequest;
  readonly grant: Grant | null;
  /** The look that has a grant is to keep what it saw of every host, and to insist that each could be brought back. */
  readonly captures?: boolean;
  /** The run carries smoke tests out, where its environment has any. */
  readonly smokes?: boolean;
}

/** A plan, and the epoch that the run has to use: above the environment's and every host's. */
export interface Planned {
  readonly plan: HashedPlan;
  readonly epoch: number;
  /** The hosts were captured. */
  readonly captured?: boolean;
  /** Why it may not be carried out at present; `null`: it may. Workers of an earlier version leave it out. */
  readonly held?: Hold | null;
}

function hashed(plan: Omit<HashedPlan, 'hash'>): HashedPlan {
  return {
    ...plan,
    hash: createHash('sha256')
      .update(canonicalJson(planIntent(plan)))
      .digest('hex'),
  };
}

interface Known {
  readonly committed: Release | null;
  readonly evicted: readonly string[];
  /** Environments of an earlier version don't say it. */
  readonly switches: Switches | undefined;
}

/** What the environment knows: by its grant, or, while there is none, by its own word. */
async function knownOf(dependencies: Dependencies, { request, grant }: PlanRequest): Promise<Known> {
  if (grant) return { ...grant, switches: grant.switches };
  const now = await environmentNow(dependencies, request);
  return {
    committed: now?.committed ?? null,
    evicted: Object.keys(now?.evicted ?? {}),
    switches: now?.switches,
  };
}

/** Looks at hosts and database and decides what the run will do. Changes nothing. */
export async function plan(
  dependencies: Dependencies,
  { request, grant, captures = false, smokes = false }: PlanRequest,
): Promise<Planned> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, request);
    const { committed: known, evicted, switches } = await knownOf(dependencies, { request, grant });
    const all = await hostsOf(dependencies, environment, pulse);
    const hosts = all.filter(({ name }) => !evicted.includes(name));
    const { release: to } = await resolveRelease(environment, request.version);
    const [inspected, schema, played] = await Promise.all([
      inspectAll(dependencies, environment, hosts, pulse),
      plannedSchema(environment, to.schema),
      playedBy(environment),
    ]);
    if (grant) assertOwn(inspected, grant, request.adopt !== null);
    const from = known === null && request.adopt !== null ? await adopted(environment, inspected) : known;
    const hold = holdNow(environment, switches);
    const { held, overrides, policy } = judged(request, environment.policy, hold);
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
      ...schema,
      policy,
      overrides,
      played,
      captures,
      ...(smokes && plannedSmoke(environment, to.version)),
    });
    const epoch = epochAbove(inspected, request.deploymentId, grant?.epoch ?? 0);
    const captured = captures && grant !== null && held === null && computed.kind === 'deploy';
    if (captured) await captureAll(dependencies, { ...request, from, inspected, grantedTo: grant.runId });
    return { plan: hashed(computed), epoch, held, captured };
  });
}

function plannedSmoke(environment: EnvironmentConfig, version: string): { readonly smoke?: PlannedSmoke } {
  const found = smokeOf(environment, version);
  if (found === null) return {};
  const { file, sha256, level, url, tests } = found;
  return { smoke: { file, sha256, level, url, tests } };
}

function isServed(host: string, seen: HostInspection, to: Release): boolean {
  const components = to.components.map((component) => component.name);
  return seen.committed === to.digest && readingOf(host, seen, to, components).state === 'serves';
}
