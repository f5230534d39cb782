import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run chaos -- [--runs <n>] [--seed <n>] [--labs <n>] [--only <run>] [--state <directory>] [--json]`;

/** What is asked for on the command line. */
export interface Options {
  readonly seed: number;
  /** Numbers of the runs. */
  readonly runs: readonly number[];
  /** How many labs at once. */
  readonly labs: number;
  /** Where results are kept, and what a call that is resumed needs. */
  readonly state: string;
  /** One named run is carried out again although its result is there. */
  readonly again: boolean;
  readonly json: boolean;
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} is a number from 1 on, not "${text}". ${USAGE}`);
}

/** Reads the command line. Throws an error that says what is understood. */
export function parseOptions(words: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...words],
    options: { runs: text, seed: text, labs: text, only: text, state: text, json: { type: 'boolean' } },
  });
  const seed = whole('seed', values.seed ?? '1');
  const only = values.only === undefined ? null : whole('only', values.only);
  const count = whole('runs', values.runs ?? '20');
  const runs = only === null ? Array.from({ length: count }, (_, index) => index + 1) : [only];
  return {
    seed,
    runs,
    labs: Math.min(whole('labs', values.labs ?? '3'), runs.length),
    state: values.state ?? join('/var/tmp/safeguard-chaos', String(seed)),
    again: only !== null,
    json: values.json === true,
  };
}
