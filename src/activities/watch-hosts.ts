import type { HostRef } from '../domain/plan.js';
import { configured, type Dependencies, type Where } from './dependencies.js';
import { inspectWhatAnswers } from './hosts-of.js';
import { pause, WATCH_BEAT_MS, withPulse } from './pulse.js';

const INTERVAL_MS = 5_000;

/** Waits, however long it takes, until one of the hosts answers; answers the names of those that do. */
export async function watchHosts(
  dependencies: Dependencies,
  call: Where & { readonly hosts: readonly HostRef[] },
): Promise<string[]> {
  return withPulse(async (pulse) => {
    const environment = configured(dependencies, call);
    for (;;) {
      const { inspected, silent } = await inspectWhatAnswers(dependencies, environment, call.hosts, pulse);
      if (inspected.length > 0) return inspected.map(([host]) => host);
      pulse.say(`no answer from ${[...silent.keys()].join(', ')}`);
      await pause(INTERVAL_MS, pulse);
    }
  }, WATCH_BEAT_MS);
}
