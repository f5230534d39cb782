import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { drawRun } from '../../chaos/draw.js';
import { buildReleases, builtReleases } from '../../chaos/releases.js';
import { describeFailure } from '../../chaos/report.js';
import { carryOut, type Grounds } from '../../chaos/run.js';
import { Lab } from '../../lab/lab.js';

const LIMIT_MS = 300_000;

/** A seed, and the number of a run of it. */
export type NamedRun = readonly [seed: number, run: number];

/** Tests that carry out runs of chaos on the lab at hand, one after the other, and find nothing wrong. */
export function testRuns(runs: readonly NamedRun[]): void {
  let grounds: Grounds;
  let isKept = false;

  beforeAll(async () => {
    const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
    const state = await mkdtemp(join(tmpdir(), 'safeguard-chaos-'));
    const releases = join(state, 'releases');
    await buildReleases(releases);
    grounds = { lab, state, releases, built: await builtReleases(releases) };
  }, 60_000);
  afterAll(async () => {
    // Logs of a run that failed are for whoever reads of it.
    if (!isKept) await rm(grounds.state, { recursive: true });
  });

  test.each(runs.map(([seed, run]) => [describeDraw(seed, run), seed, run] as const))(
    '%s',
    async (_, seed, run) => {
      const result = await carryOut(drawRun(seed, run), grounds);
      isKept ||= result.kept !== null;
      expect(result.violations.length === 0 ? '' : describeFailure(result)).toBe('');
    },
    LIMIT_MS,
  );
}

function describeDraw(seed: number, run: number): string {
  const { scenario, faults } = drawRun(seed, run);
  const drawn = faults.map(({ fault, moment }) => `${fault} at ${moment.step}`);
  return `${scenario}: ${drawn.join(', ')} (seed ${seed}, run ${run})`;
}
