import { createHash } from 'node:crypto';
import { aimWords, ANYWHERE, CELLS, STEPS_OF, type Aim, type AimedCell, type Cell } from './cells.js';
import {
  BAD_RELEASES,
  SCENARIOS,
  type Draw,
  type DrawnFault,
  type FaultName,
  type Moment,
  type Scenario,
  type Step,
  type Transport,
} from './draw-types.js';

/** How long faults last, in milliseconds; left out: they are over at once. */
const LASTS: Readonly<Partial<Record<FaultName, readonly [number, number]>>> = {
  'worker-kill': [300, 3_000],
  // Longer than the heartbeat time-out of 4 s, or nobody notices.
  'worker-stop': [5_000, 9_000],
  'server-kill': [200, 4_000],
  'power-loss': [500, 10_000],
  freeze: [1_000, 25_000],
  cut: [5_000, 60_000],
  'disk-full': [1_000, 10_000],
  'postgres-down': [1_000, 8_000],
};

/** How far into each step a moment may lie, in milliseconds: about as long as the step takes on a machine with nothing else to do. */
const WITHIN: Readonly<Record<Step, number>> = {
  plan: 300,
  stage: 300,
  backend: 1_200,
  frontend: 300,
  migrate: 1_200,
  check: 500,
  prepare: 300,
  commit: 400,
  record: 30,
  restore: 1_500,
  // What lies between two events is short.
  between: 1,
};
/** Fewer than the activities of the shortest run. */
const LATEST_BETWEEN = 10;
const VICTIMS = 3;
const WORKERS = 2;

/** Steps of which each host has one. */
const ON_EACH_HOST: readonly Step[] = ['stage', 'backend', 'frontend', 'prepare', 'commit', 'restore'];

/** Before these there would be nothing to bring back, and after them it is too late. A command takes a second to be heard. */
const INTERRUPTIBLE: readonly Step[] = ['backend', 'frontend', 'migrate', 'check', 'prepare'];
const INTERRUPTIBLE_BY_COMMAND: readonly Step[] = ['backend', 'frontend', 'migrate'];

/** Draws by name, so that none depends on how many were drawn before it. */
class Urn {
  constructor(private readonly prefix: string) {}

  /** At least 0, below 1. */
  number(what: string): number {
    const digest = createHash('sha256').update(`${this.prefix}/${what}`).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  }

  /** From 0 to `count - 1`. */
  index(what: string, count: number): number {
    return Math.floor(this.number(what) * count);
  }

  pick<T>(what: string, items: readonly T[]): T {
    const item = items[this.index(what, items.length)];
    if (item === undefined) throw new Error(`nothing to draw from: ${what}`);
    return item;
  }
}

/** All cells in an order of the seed's own, another one each time round. */
function shuffled(seed: number, round: number): Cell[] {
  const urn = new Urn(`${seed}/round ${round}`);
  const weighed = CELLS.map((cell) => ({ cell, weight: urn.number(`${cell.step} ${cell.fault}`) }));
  return weighed.sort((one, other) => one.weight - other.weight).map(({ cell }) => cell);
}

/** Every other run is about what was asked for. */
function isAimed(run: number): boolean {
  return run % 2 === 1;
}

/** What a run has to be about; `undefined`: anything. */
function wantedCell(run: number, aimed: readonly AimedCell[]): AimedCell | undefined {
  return isAimed(run) ? aimed[((run - 1) / 2) % aimed.length] : undefined;
}

function nextCell(seed: number, run: number): Cell {
  const round = Math.floor((run - 1) / CELLS.length);
  const cell = shuffled(seed, round)[(run - 1) % CELLS.length];
  if (cell === undefined) throw new Error(`Runs are counted from 1: ${run}`);
  return cell;
}

function momentOf(urn: Urn, what: string, step: Step): Moment {
  const isAtStart = urn.number(`${what} at its start`) < 0.5;
  const last = step === 'between' ? LATEST_BETWEEN : ON_EACH_HOST.includes(step) ? VICTIMS : 1;
  return {
    step,
    nth: 1 + urn.index(`${what} nth`, last),
    afterMs: isAtStart ? 0 : urn.index(`${what} after`, WITHIN[step]),
  };
}

/** One who stops workers for as long as was asked for wants to see what the other one does meanwhile. */
function victimsOf({ fault, lastsSeconds }: AimedCell): number {
  return fault === 'worker-stop' && lastsSeconds !== undefined ? WORKERS : VICTIMS;
}

function faultOf(urn: Urn, what: string, cell: AimedCell): DrawnFault {
  const { step, fault, lastsSeconds } = cell;
  const [shortest, longest] = LASTS[fault] ?? [0, 0];
  // Most of them are short: long ones teach little more, and cost minutes.
  const share = urn.number(`${what} lasts`) ** 4;
  return {
    fault,
    moment: momentOf(urn, `${what} moment`, step),
    victim: urn.index(`${what} victim`, victimsOf(cell)),
    lastsMs:
      lastsSeconds === undefined ? Math.round(shortest + share * (longest - shortest)) : lastsSeconds * 1000,
  };
}

/** Steps in the order in which a run comes to them, there and back; `between` is everywhere. */
const COURSE: readonly Step[] = [
  ...(['plan', 'stage', 'backend', 'frontend', 'migrate', 'check', 'prepare'] as const),
  ...(['restore', 'commit', 'record'] as const),
];

/**
 * One of another kind, since a client that was killed once can't be killed again; and not at an earlier step, since a run that ends there
 * would never come to the first one's.
 */
function anotherFault(
  urn: Urn,
  what: string,
  scenario: Scenario,
  present: readonly DrawnFault[],
): DrawnFault {
  const first = present[0]?.moment.step ?? 'between';
  const isInTime = (step: Step): boolean =>
    step === 'between' || COURSE.indexOf(step) >= COURSE.indexOf(first);
  const steps = STEPS_OF[scenario].filter(isInTime);
  const isNew = ({ step, fault }: Cell): boolean =>
    steps.includes(step) && !present.some((one) => one.fault === fault);
  return faultOf(urn, what, urn.pick(`${what} cell`, CELLS.filter(isNew)));
}

function faultCount(urn: Urn): number {
  const share = urn.number('faults');
  if (share < 0.4) return 1;
  return share < 0.8 ? 2 : 3;
}

/** A scenario that comes to the step, of those that were asked for if one of them does. */
function scenarioOf(urn: Urn, run: number, step: Step, wanted: readonly Scenario[]): Scenario {
  const possible = SCENARIOS.filter((name) => STEPS_OF[name].includes(step));
  const asked = isAimed(run) ? possible.filter((name) => wanted.includes(name)) : [];
  return urn.pick('scenario', asked.length > 0 ? asked : possible);
}

/** When a run is interrupted: where it is about a step of the way there, during that or as soon as it can be, so that the two come together. */
function interruptOf(urn: Urn, scenario: Scenario, wanted: Cell | undefined): Moment {
  const interruptible = scenario === 'abort' ? INTERRUPTIBLE_BY_COMMAND : INTERRUPTIBLE;
  const about = wanted ? COURSE.indexOf(wanted.step) : -1;
  const soonest = interruptible.find((step) => about >= 0 && COURSE.indexOf(step) >= about);
  return momentOf(urn, 'interrupt', soonest ?? urn.pick('interrupt step', interruptible));
}

/** One run in seven has Ansible carry its components, and each that is to see it killed. */
function transportOf(urn: Urn, faults: readonly DrawnFault[]): Transport {
  if (faults.some(({ fault }) => fault === 'ansible-kill')) return 'ansible';
  return urn.index('transport', 7) === 0 ? 'ansible' : 'ssh';
}

/** Everything that is random about a run, from the seed, the run's number (from 1) and what is asked for alone. */
export function drawRun(seed: number, run: number, aim: Aim = ANYWHERE): Draw {
  const urn = new Urn(`${seed}/${run}`);
  const wanted = wantedCell(run, aim.cells);
  const cell = wanted ?? nextCell(seed, run);
  const scenario = scenarioOf(urn, run, cell.step, aim.scenarios);
  const aimedBy = aimWords(aim);
  const faults = [faultOf(urn, 'fault 1', cell)];
  for (let number = 2; number <= faultCount(urn); number += 1)
    faults.push(anotherFault(urn, `fault ${number}`, scenario, faults));
  return {
    seed,
    run,
    scenario,
    transport: transportOf(urn, faults),
    bad: urn.pick('bad', BAD_RELEASES),
    interrupt: interruptOf(urn, scenario, wanted),
    faults,
    ...(aimedBy.length > 0 && { aimedBy }),
  };
}
