import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseCell, parseScenario, type Aim } from './cells.js';

const USAGE = `npm run chaos -- [--runs <n>] [--seed <n>] [--labs <n>] [--only <run>] [--state <directory>] [--json]
                 [--stop-at-first] [--aim <step>:<fault>[:<seconds>] …] [--scenario <name> …]
npm run chaos -- --mutations [--only <name>] [--runs <n>] [--seed <n>] [--aim-well] [--json]
npm run chaos -- --peers [--runs <n>] [--json]`;

/** Runs of the product as it is. */
export interface RunOptions {
  readonly kind: 'runs';
  readonly seed: number;
  /** Numbers of the runs. */
  readonly runs: readonly number[];
  /** How many labs at once. */
  readonly labs: number;
  /** Where results are kept, and what a call that is resumed needs. */
  readonly state: string;
  /** One named run is carried out again although its result is there. */
  readonly again: boolean;
  /** No run is begun any more after one that found something. */
  readonly stopAtFirst: boolean;
  /** What is drawn more often than other things. */
  readonly aim: Aim;
  readonly json: boolean;
}

/** Runs of the product with its safeguards switched off, one by one. */
export interface MutationsWish {
  readonly kind: 'mutations';
  readonly only?: string;
  readonly runs: number;
  readonly seed: number;
  readonly aim: boolean;
  readonly json: boolean;
}

/** The same kill on other tools; `runs` of each. */
export interface PeersWish {
  readonly kind: 'peers';
  readonly runs: number;
  readonly json: boolean;
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} is a number from 1 on, not "${text}".\n${USAGE}`);
}

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true, default: [] as string[] } as const;
const FLAG = { type: 'boolean', default: false } as const;

function words(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ runs: TEXT, seed: TEXT, labs: TEXT, only: TEXT, state: TEXT },
      ...{ json: FLAG, mutations: FLAG, peers: FLAG, 'stop-at-first': FLAG, 'aim-well': FLAG },
      ...{ aim: TEXTS, scenario: TEXTS },
    },
  });
  return values;
}

/** Reads the command line. Throws an error that says what is understood. */
export function parseOptions(args: readonly string[]): RunOptions | MutationsWish | PeersWish {
  const { json, mutations, peers, ...said } = words(args);
  const seed = whole('seed', said.seed ?? '1');
  const count = (usual: string): number => whole('runs', said.runs ?? usual);
  if (peers) return { kind: 'peers', runs: count('1'), json };
  if (mutations) {
    const only = said.only === undefined ? {} : { only: said.only };
    return { kind: 'mutations', ...only, runs: count('100'), seed, aim: said['aim-well'], json };
  }
  const only = said.only === undefined ? null : whole('only', said.only);
  const runs = only === null ? Array.from({ length: count('20') }, (_, index) => index + 1) : [only];
  return {
    kind: 'runs',
    seed,
    runs,
    labs: Math.min(whole('labs', said.labs ?? '3'), runs.length),
    state: said.state ?? join('/var/tmp/safeguard-chaos', String(seed)),
    again: only !== null,
    stopAtFirst: said['stop-at-first'],
    aim: { cells: said.aim.map(parseCell), scenarios: said.scenario.map(parseScenario) },
    json,
  };
}
