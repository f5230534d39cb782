import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { say } from '../../setup/say.js';
import { aimWords } from '../cells.js';
import { STOPPED, whenStopped } from '../stopping.js';
import { mutatedCopy } from './copy.js';
import { hunt, type Hunt } from './hunt.js';
import { MUTATIONS, mutationCalled } from './list.js';
import type { Mutation } from './mutation.js';

export interface MutationOptions {
  /** Name of the only mutation to look at; left out: all. */
  readonly only?: string;
  /** At most so many runs for each. */
  readonly runs: number;
  readonly seed: number;
  /** Where chaos keeps results and logs, a directory for each mutation; what is there of before is removed. */
  readonly state?: string;
  /** Whether faults are drawn more often where the list says that the mutation shows. */
  readonly aim?: boolean;
}

/** What became of one mutation. */
export interface MutationEnd {
  readonly name: string;
  /** `error`: nothing can be said, because chaos itself did not go through. */
  readonly verdict: 'found' | 'missed' | 'error';
  /** Runs it took, the one that found it included. */
  readonly runs: number;
  readonly found: readonly string[];
}

/** `wanted`: how many runs were asked for; without all of them nobody can say that nothing was there to be found. */
export function judged(
  name: string,
  wanted: number,
  { runs, violations, unresolved, found }: Awaited<ReturnType<typeof hunt>>,
): MutationEnd {
  if (violations + unresolved === 0 && runs < wanted)
    return { name, verdict: 'error', runs, found: [`only ${runs} of ${wanted} runs were carried out`] };
  if (violations + unresolved === 0) return { name, verdict: 'missed', runs, found };
  return {
    name,
    verdict: 'found',
    runs,
    found: found.length > 0 ? found : [`${violations} violations, ${unresolved} runs without rest`],
  };
}

const STATE = '/var/tmp/safeguard-chaos/mutations';

async function tried(mutation: Mutation, what: Hunt): Promise<MutationEnd> {
  const { name } = mutation;
  say(`chaos without ${name}: ${mutation.switchesOff}`);
  try {
    await rm(what.state, { recursive: true, force: true });
    const copy = await mutatedCopy(mutation);
    try {
      return judged(name, what.runs, await hunt(copy, what));
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  } catch (error) {
    // One that cannot be tried must not keep the others from being tried.
    const message = error instanceof Error ? error.message : String(error);
    return { name, verdict: 'error', runs: 0, found: [message] };
  }
}

/**
 * Switches the product's safeguards off, one by one, each in a copy of the checkout, and lets chaos look for what that breaks.
 * Prints nothing but what `describeMutations` is for; chaos's own words go to standard error.
 * @throws Error for a name that is none
 */
export async function runMutations(options: MutationOptions): Promise<MutationEnd[]> {
  const { only, runs, seed, aim = false, state = STATE } = options;
  const ends: MutationEnd[] = [];
  const stop = new AbortController();
  whenStopped(() => stop.abort());
  for (const mutation of only === undefined ? MUTATIONS : [mutationCalled(only)]) {
    const words = aim ? aimWords({ cells: mutation.aimedAt, scenarios: mutation.scenarios }) : [];
    const what = { runs, seed, aim: words, state: join(state, mutation.name), signal: stop.signal };
    ends.push(await tried(mutation, what));
    if (stop.signal.aborted) process.exit(STOPPED);
  }
  return ends;
}

/** A table for people. */
export function describeMutations(ends: readonly MutationEnd[]): string {
  const table = new Table({
    head: ['switched off', 'verdict', 'runs', 'what was found first'],
    colWidths: [30, 9, 6, 70],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { name, verdict, runs, found } of ends) table.push([name, verdict, runs, found[0] ?? '']);
  return table.toString();
}
