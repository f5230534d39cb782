import { summarize, withoutBody, type HealthLook } from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import { describeRelease } from '../domain/release.js';
import { askAll } from './check.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { environmentNow, hostsOf } from './hosts-of.js';
import { withPulse } from './pulse.js';

/**
 * Asks every check of the committed release on every host that counts. Changes nothing, and keeps nothing.
 * @throws SafeguardError RUN_NOT_FOUND when nothing is committed; STEP_TIMEOUT
 */
export async function health(dependencies: Dependencies, where: Where): Promise<HealthLook> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, where);
    const state = await environmentNow(dependencies, where);
    const committed = state?.committed ?? null;
    if (state === null || committed === null)
      throw new SafeguardError(
        'RUN_NOT_FOUND',
        `Nothing is committed in ${environment.name}; there is nothing to check.`,
      );
    const all = await hostsOf(dependencies, environment, pulse);
    const hosts = all.filter(({ name }) => !Object.hasOwn(state.evicted, name));
    const started = performance.now();
    // It is asked how things are, not whether they stay so.
    const policy = { ...environment.policy.checks, stabiliseSeconds: 0 };
    const asked = { hosts, checks: committed.checks, policy };
    const results = await askAll(dependencies, environment, asked, pulse);
    const durationMs = Math.round(performance.now() - started);
    return {
      environment: environment.name,
      committed: describeRelease(committed),
      healthy: summarize(results, durationMs).healthy,
      durationMs,
      results: results.map(withoutBody),
      evicted: Object.keys(state.evicted),
      holder: state.holder?.deploymentId ?? null,
    };
  });
}
