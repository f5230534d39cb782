import { FAULTS, SCENARIOS, STEPS, type FaultName, type Scenario, type Step } from './draw-types.js';

/** A step and what happens in it: what coverage counts. */
export interface Cell {
  readonly step: Step;
  readonly fault: FaultName;
}

const FORWARD = ['plan', 'stage', 'backend', 'frontend', 'migrate', 'check', 'prepare', 'commit'] as const;
const BACK = ['restore', 'commit', 'check'] as const;
const ALWAYS = ['record', 'between'] as const;

/**
 * Steps that are certain to come in each scenario while nothing goes wrong. Interrupted ones have more, up to where the interruption
 * comes, which is another draw.
 */
export const STEPS_OF: Readonly<Record<Scenario, readonly Step[]>> = {
  good: [...FORWARD, ...ALWAYS],
  bad: ['plan', 'stage', 'backend', ...BACK, ...ALWAYS],
  'failing-migration': ['plan', 'stage', 'backend', 'frontend', 'migrate', ...BACK, ...ALWAYS],
  rollback: ['plan', ...BACK, ...ALWAYS],
  abort: ['plan', 'stage', 'backend', ...BACK, ...ALWAYS],
  cancel: ['plan', 'stage', 'backend', ...BACK, ...ALWAYS],
  terminate: ['plan', 'stage', 'backend', ...BACK, ...ALWAYS],
  queue: [...FORWARD, 'restore', ...ALWAYS],
};

/** Where nothing runs on a host or beside the worker that could be killed by itself. */
const CHILDLESS: readonly Step[] = ['check', 'record', 'between'];

/** What Ansible carries out, where it does. */
const PLAYED: readonly Step[] = ['stage', 'backend', 'frontend'];

function makesSense({ step, fault }: Cell): boolean {
  if (fault === 'ansible-kill') return PLAYED.includes(step);
  return fault !== 'child-kill' || !CHILDLESS.includes(step);
}

/** A cell that is asked for, and how long its fault lasts then, in seconds; left out: drawn as ever. */
export interface AimedCell extends Cell {
  readonly lastsSeconds?: number;
}

/** What every other run is about; empty: anything. */
export interface Aim {
  readonly cells: readonly AimedCell[];
  readonly scenarios: readonly Scenario[];
}

export const ANYWHERE: Aim = { cells: [], scenarios: [] };

function aimWord({ step, fault, lastsSeconds }: AimedCell): string {
  return lastsSeconds === undefined ? `${step}:${fault}` : `${step}:${fault}:${lastsSeconds}`;
}

/** The options of the command line that say so. */
export function aimWords({ cells, scenarios }: Aim): string[] {
  return [
    ...cells.flatMap((cell) => ['--aim', aimWord(cell)]),
    ...scenarios.flatMap((scenario) => ['--scenario', scenario]),
  ];
}

/** Reads the name of a scenario. Throws an error that says which there are. */
export function parseScenario(text: string): Scenario {
  const scenario = SCENARIOS.find((name) => name === text);
  if (scenario) return scenario;
  throw new Error(`There is no scenario "${text}". There are: ${SCENARIOS.join(', ')}.`);
}

/** Reads `STEP:FAULT`, or `STEP:FAULT:SECONDS`. Throws an error that says which there are. */
export function parseCell(text: string): AimedCell {
  const [, name, seconds] = /^([^:]+:[^:]+)(?::(\d+))?$/.exec(text) ?? [];
  const cell = CELLS.find(({ step, fault }) => `${step}:${fault}` === name);
  if (cell) return seconds === undefined ? cell : { ...cell, lastsSeconds: Number(seconds) };
  throw new Error(`There is no cell "${text}". Steps: ${STEPS.join(', ')}. Faults: ${FAULTS.join(', ')}.`);
}

/** Every step × fault that makes sense. */
export const CELLS: readonly Cell[] = STEPS.flatMap((step) =>
  FAULTS.map((fault) => ({ step, fault })).filter(makesSense),
);
