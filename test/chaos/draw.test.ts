import { describe, expect, test } from '@jest/globals';
import { CELLS, STEPS_OF } from '../../chaos/cells.js';
import { drawRun } from '../../chaos/draw.js';
import { FAULTS, SCENARIOS, STEPS, type Draw } from '../../chaos/draw-types.js';

const SEEDS = [1, 2, 77];
const RUNS = 200;

function draws(seed: number): Draw[] {
  return Array.from({ length: RUNS }, (_, index) => drawRun(seed, index + 1));
}

describe('a draw', () => {
  test('follows from seed and run alone, whatever was drawn before', () => {
    const [first, second] = [draws(1), draws(1)];
    expect(second).toEqual(first);
    expect(drawRun(1, 137)).toEqual(first[136]);
  });

  test('differs from seed to seed', () => {
    expect(draws(1)).not.toEqual(draws(2).map((draw) => ({ ...draw, seed: 1 })));
  });

  test('is refused for a run that is not counted from 1', () => {
    expect(() => drawRun(1, 0)).toThrow('counted from 1');
  });
});

describe.each(SEEDS)('200 runs of seed %i', (seed) => {
  const all = draws(seed);

  test('aim at every cell of step × fault', () => {
    const aimed = new Set(all.flatMap(({ faults }) => faults.map((f) => `${f.moment.step} ${f.fault}`)));
    expect(CELLS.filter(({ step, fault }) => !aimed.has(`${step} ${fault}`))).toEqual([]);
  });

  test('play every scenario, and cause every fault at every step', () => {
    expect(new Set(all.map(({ scenario }) => scenario))).toEqual(new Set(SCENARIOS));
    expect(new Set(all.flatMap(({ faults }) => faults.map(({ fault }) => fault)))).toEqual(new Set(FAULTS));
    expect(new Set(all.flatMap(({ faults }) => faults.map(({ moment }) => moment.step)))).toEqual(
      new Set(STEPS),
    );
  });

  test('have one to three faults each, at steps which the scenario comes to', () => {
    expect(new Set(all.map(({ faults }) => faults.length))).toEqual(new Set([1, 2, 3]));
    for (const { scenario, faults } of all)
      for (const { moment } of faults) expect(STEPS_OF[scenario]).toContain(moment.step);
  });

  test('have moments at a start and within a step', () => {
    const after = all.flatMap(({ faults }) => faults.map(({ moment }) => moment.afterMs));
    expect(after.some((ms) => ms === 0)).toBe(true);
    expect(after.some((ms) => ms > 0)).toBe(true);
  });

  test('stop workers for longer than their heartbeats may be missing, and cut cables for 5 to 60 s, mostly briefly', () => {
    const lasting = (name: string): number[] =>
      all.flatMap(({ faults }) => faults.filter(({ fault }) => fault === name).map(({ lastsMs }) => lastsMs));
    expect(Math.min(...lasting('worker-stop'))).toBeGreaterThan(4_000);
    const cuts = lasting('cut').sort((one, other) => one - other);
    expect(cuts[0]).toBeGreaterThanOrEqual(5_000);
    expect(cuts.at(-1)).toBeLessThanOrEqual(60_000);
    expect(cuts[Math.floor(cuts.length / 2)]).toBeLessThan(20_000);
  });
});
