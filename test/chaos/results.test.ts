import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { drawRun } from '../../chaos/draw.js';
import { parseOptions, type RunOptions } from '../../chaos/options.js';
import { describeFailure, describeResults, summaryOf } from '../../chaos/report.js';
import { appendResult, readResults, type RunResult } from '../../chaos/results.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chaos-results-'));
});
afterAll(() => rm(directory, { recursive: true }));

function result(run: number, restMs: number, isWrong: boolean): RunResult {
  const draw = drawRun(7, run);
  return {
    draw,
    faults: draw.faults.map((fault) => ({ ...fault, hit: true, atMs: 10, why: '' })),
    violations: isWrong
      ? [{ invariant: 'I1', host: 'web-1', what: 'It serves nothing', evidence: 'status 0' }]
      : [],
    unrest: isWrong ? 'open: deployment/production/2.0.0/x' : null,
    restMs,
    tookMs: 30_000,
    timeline: [{ atMs: 1_500, what: 'FAULT cut' }],
    kept: isWrong ? '/var/tmp/kept' : null,
  };
}

test('results are read again; half a line, which a call left that was ended, is none', async () => {
  const file = join(directory, 'runs.jsonl');
  expect(await readResults(file)).toEqual([]);
  const all = [result(1, 100, false), result(2, 2_500, true)];
  for (const one of all) await appendResult(file, one);
  await appendFile(file, '{"draw":{"seed":7,"run":3}, "faults":[{');
  expect(await readResults(file)).toEqual(all);
});

test('the summary counts violations, what did not come to rest, and the longest time to rest', () => {
  const results = [result(1, 100, false), result(2, 2_540, true)];
  expect(summaryOf(results)).toEqual({ runs: 2, violations: 1, unresolved: 1, worst_rest_s: 2.5 });
  expect(describeResults(results)).toContain('2 runs, 1 violations, 1 unresolved');
});

test('a run that failed says how to run it again, when what happened, and where its logs are', () => {
  const text = describeFailure(result(2, 2_500, true));
  expect(text).toContain('npm run chaos -- --seed 7 --only 2');
  expect(text).toContain('1.50  FAULT cut');
  expect(text).toContain('/var/tmp/kept');
  expect(text).toContain('I1 web-1 It serves nothing');
});

test('one named run is carried out again, the others only where their result is not there', () => {
  expect(parseOptions(['--seed', '7', '--only', '3'])).toMatchObject({ runs: [3], again: true, labs: 1 });
  expect(parseOptions(['--seed', '7', '--runs', '2'])).toMatchObject({
    runs: [1, 2],
    again: false,
    state: '/var/tmp/safeguard-chaos/7',
  });
  expect(() => parseOptions(['--runs', 'all'])).toThrow('--runs is a number');
  expect(() => parseOptions(['--aim', 'commit:rain'])).toThrow('There is no cell "commit:rain"');
});

test('every other run goes where it is aimed, and says so where it says how to run it again', () => {
  const { aim } = parseOptions(['--aim', 'commit:cut', '--aim', 'restore:freeze']) as RunOptions;
  const first = [1, 2, 3, 5].map((run) => drawRun(7, run, aim).faults[0]);
  expect(first[0]).toMatchObject({ fault: 'cut', moment: { step: 'commit' } });
  expect(first[2]).toMatchObject({ fault: 'freeze', moment: { step: 'restore' } });
  expect(first[3]).toMatchObject({ fault: 'cut', moment: { step: 'commit' } });
  const text = describeFailure({ ...result(1, 100, true), draw: drawRun(7, 1, aim) });
  expect(text).toContain('--seed 7 --only 1 --aim commit:cut --aim restore:freeze');
  const both = parseOptions(['--aim', 'restore:cut', '--scenario', 'abort']) as RunOptions;
  expect(drawRun(7, 3, both.aim)).toMatchObject({
    scenario: 'abort',
    aimedBy: ['--aim', 'restore:cut', '--scenario', 'abort'],
  });
  // One that never comes to that step is not forced to.
  const apart = parseOptions(['--aim', 'migrate:cut', '--scenario', 'abort']) as RunOptions;
  expect(drawRun(7, 3, apart.aim).scenario).not.toBe('abort');
  expect(() => parseOptions(['--scenario', 'rain'])).toThrow('There is no scenario "rain"');
});

test('what is aimed lasts as long as was said, and an interruption comes at the same step or soon after it', () => {
  const words = ['--aim', 'backend:worker-stop:17', '--scenario', 'cancel'];
  const { aim } = parseOptions(words) as RunOptions;
  for (const run of [1, 3, 5]) {
    const draw = drawRun(7, run, aim);
    expect(draw.faults[0]).toMatchObject({ fault: 'worker-stop', lastsMs: 17_000 });
    // The other worker is left.
    expect(draw.faults[0]?.victim).toBeLessThan(2);
    expect(draw).toMatchObject({
      scenario: 'cancel',
      interrupt: { step: 'backend' },
      aimedBy: words,
    });
  }
  const early = (parseOptions(['--aim', 'stage:worker-stop:45', '--scenario', 'cancel']) as RunOptions).aim;
  expect(drawRun(7, 1, early).interrupt.step).toBe('backend');
  const back = (parseOptions(['--aim', 'restore:cut', '--scenario', 'cancel']) as RunOptions).aim;
  expect(drawRun(7, 1, back)).toMatchObject({ interrupt: drawRun(7, 1).interrupt });
  expect(() => parseOptions(['--aim', 'commit:cut:soon'])).toThrow('There is no cell "commit:cut:soon"');
});
