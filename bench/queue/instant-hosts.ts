/* eslint-disable @typescript-eslint/require-await -- activities are async by type; these answer at once */
import { Context } from '@temporalio/activity';
import type { Activities } from '../../src/activities/index.js';
import { WATCH_BEAT_MS, withPulse } from '../../src/activities/pulse.js';
import type { HostRef } from '../../src/domain/plan.js';
import { hashedPlan, policy, release } from '../../test/domain/release-fixtures.js';

/** An opening that runs wait at until somebody opens it. */
export class Gate {
  open = (): void => undefined;
  readonly passed = new Promise<void>((resolve) => (this.open = resolve));
}

/** Web hosts that are nowhere; nobody calls them. */
export function hostsNowhere(count: number): HostRef[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `web-${index + 1}`,
    address: `192.0.2.${index + 1}`,
    port: 22,
  }));
}

/** What waits as the real renewal of leases does, and asks nobody. */
function untilCancelled(): Promise<never> {
  return withPulse(() => Context.current().cancelled, WATCH_BEAT_MS);
}

/**
 * What a deployment does on hosts, done at once and nowhere; queue, grants, records and the watch over holders stay real. `stage` waits
 * at the gate of the version that it stages, where there is one.
 */
export function instantHosts(
  hosts: readonly HostRef[],
  gates: ReadonlyMap<string, Gate>,
): Partial<Activities> {
  return {
    validate: async ({ version }) => ({ release: release(version), policy: policy() }),
    plan: async ({ request, grant, captures = false }) => {
      const from = grant?.committed ?? null;
      const to = release(request.version);
      const migrations = { pendingMigrations: ['V2__fees.sql'] };
      const { application, environment } = request;
      const plan = hashedPlan({ application, environment, from, to, hosts, captures, ...migrations });
      return { plan, epoch: grant?.epoch ?? 0, captured: captures };
    },
    capture: async () => 'nowhere',
    stage: async ({ release: { version } }) => withPulse(async () => gates.get(version)?.passed),
    activate: async () => ({ downtimeMs: 0 }),
    holdLeases: untilCancelled,
    migrate: async () => ['2 fees (10 ms)'],
    check: async () => ({ healthy: true, durationMs: 0, passed: 1, failed: [] }),
    prepare: async () => undefined,
    commit: async ({ host }) => ({ host: host.name, state: 'serves', differences: [] }),
  };
}
