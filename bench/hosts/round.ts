import { untilServed } from '../prober.js';
import type { Contender, Round } from './contender.js';
import type { CpuMeter, CpuSample } from './cpu.js';
import { longestDowntime } from './downtime.js';

/** One deployment and one way back, measured. */
export async function round(contender: Contender, meter: CpuMeter): Promise<Round> {
  const { visited } = contender;
  await contender.prepare();
  let totalMs = 0;
  let cpu: readonly CpuSample[] = [];
  const downtimeMs = await longestDowntime(
    visited.map(({ backend }) => backend),
    async () => {
      cpu = await meter.during(async () => {
        const begun = performance.now();
        await contender.deploy();
        totalMs = performance.now() - begun;
      });
    },
  );
  return { totalMs, downtimeMs, rollbackMs: await timeOfRollback(contender), cpu };
}

/** From the call until every host serves the old release, site and backend. */
async function timeOfRollback(contender: Contender): Promise<number> {
  const { begun, to, end } = await contender.rollback();
  await untilServed(contender.visited, ({ site, backend }) => site === to && backend === to);
  const took = performance.now() - begun;
  await end;
  return took;
}
