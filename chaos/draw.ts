import { createHash } from 'node:crypto';
import { CELLS, STEPS_OF, type Cell } from './cells.js';
import {
  BAD_RELEASES,
  FAULTS,
  SCENARIOS,
  type Draw,
  type DrawnFault,
  type FaultName,
  type Moment,
  type Scenario,
  type Step,
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

const LONGEST_AFTER_MS = 1_500;
/** Fewer than the activities of the shortest run. */
const LATEST_BETWEEN = 10;
const VICTIMS = 3;

/** Steps of which each host has one. */
const ON_EACH_HOST: readonly Step[] = ['stage', 'backend', 'frontend', 'prepare', 'commit', 'restore'];

/** An interruption after these would come too late, or there would be nothing to bring back. */
const INTERRUPTIBLE: readonly Step[] = ['backend', 'frontend', 'migrate', 'check', 'prepare'];

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

function cellOf(seed: number, run: number): Cell {
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
    // What lies between two events is short.
    afterMs: isAtStart || step === 'between' ? 0 : urn.index(`${what} after`, LONGEST_AFTER_MS),
  };
}

function faultOf(urn: Urn, what: string, { step, fault }: Cell): DrawnFault {
  const [shortest, longest] = LASTS[fault] ?? [0, 0];
  // Most of them are short: long ones teach little more, and cost minutes.
  const share = urn.number(`${what} lasts`) ** 4;
  return {
    fault,
    moment: momentOf(urn, `${what} moment`, step),
    victim: urn.index(`${what} victim`, VICTIMS),
    lastsMs: Math.round(shortest + share * (longest - shortest)),
  };
}

function anotherFault(urn: Urn, what: string, scenario: Scenario): DrawnFault {
  const steps = STEPS_OF[scenario];
  const cells = CELLS.filter(({ step }) => steps.includes(step));
  const fault = urn.pick(`${what} fault`, FAULTS);
  return faultOf(
    urn,
    what,
    urn.pick(
      `${what} step`,
      cells.filter((cell) => cell.fault === fault),
    ),
  );
}

function faultCount(urn: Urn): number {
  const share = urn.number('faults');
  if (share < 0.4) return 1;
  return share < 0.8 ? 2 : 3;
}

/** Everything that is random about a run, from the seed and the run's number (from 1) alone. */
export function drawRun(seed: number, run: number): Draw {
  const urn = new Urn(`${seed}/${run}`);
  const cell = cellOf(seed, run);
  const scenario = urn.pick(
    'scenario',
    SCENARIOS.filter((name) => STEPS_OF[name].includes(cell.step)),
  );
  const others = Array.from({ length: faultCount(urn) - 1 }, (_, index) => `fault ${index + 2}`);
  return {
    seed,
    run,
    scenario,
    bad: urn.pick('bad', BAD_RELEASES),
    interrupt: momentOf(urn, 'interrupt', urn.pick('interrupt step', INTERRUPTIBLE)),
    faults: [faultOf(urn, 'fault 1', cell), ...others.map((what) => anotherFault(urn, what, scenario))],
  };
}
