import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** How chaos is to look for a violation. */
export interface Hunt {
  /** At most so many runs. */
  readonly runs: number;
  readonly seed: number;
  /** Options that say what is to be drawn more often; empty: as usual. */
  readonly aim: readonly string[];
  /** Directory of its results: another one than that of the product as it is, whose runs would count as done. */
  readonly state: string;
  /** Ends it before its time; its labs go down first. */
  readonly signal: AbortSignal;
}

/** What chaos said on its last line, as far as it is needed here. */
export interface ChaosEnd {
  /** Until it stopped. */
  readonly runs: number;
  readonly violations: number;
  /** Runs that never came to rest. */
  readonly unresolved: number;
}

/**
 * Reads the last line that `chaos --json` wrote.
 * @throws Error when it is none
 */
export function readEnd(stdout: string): ChaosEnd {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch (cause) {
    throw new Error(`chaos ended without its line of JSON, but with: ${line.slice(0, 300)}`, { cause });
  }
  const { runs, violations, unresolved } = (said ?? {}) as Record<string, unknown>;
  if (typeof runs !== 'number' || typeof violations !== 'number' || typeof unresolved !== 'number')
    throw new Error(`chaos did not say runs, violations and unresolved: ${line.slice(0, 300)}`);
  return { runs, violations, unresolved };
}

/** A line of chaos's `runs.jsonl`, as far as it is needed here. */
interface RunLine {
  readonly draw: { readonly run: number; readonly scenario: string };
  readonly violations: readonly {
    readonly invariant: string;
    readonly host: string | null;
    readonly what: string;
  }[];
  readonly unrest: string | null;
}

/** Sentences about everything that was found, from the text of `runs.jsonl`. */
export function sentencesOf(results: string): string[] {
  const lines = results.split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const { draw, violations, unrest } = JSON.parse(line) as RunLine;
    const found = violations.map(({ invariant, host, what }) => `${invariant} ${host ?? 'all'}: ${what}`);
    const all = unrest === null ? found : [...found, `no rest: ${unrest}`];
    return all.map((sentence) => `run ${draw.run} (${draw.scenario}): ${sentence}`);
  });
}

/**
 * Runs chaos as users do, from a copy of the checkout, until the first violation; its own words go to standard error.
 * @returns how it ended, and sentences about what it found
 * @throws Error when it does not say how it ended, or was stopped
 */
export async function hunt(
  copy: string,
  { runs, seed, aim, state, signal }: Hunt,
): Promise<ChaosEnd & { readonly found: readonly string[] }> {
  const argv = [
    '--runs',
    String(runs),
    '--seed',
    String(seed),
    '--state',
    state,
    '--json',
    '--stop-at-first',
  ];
  const program = join(copy, 'dist', 'chaos', 'main.js');
  const { stdout } = await execa(process.execPath, ['--no-warnings', program, ...argv, ...aim], {
    cwd: copy,
    stdin: 'ignore',
    stderr: 'inherit',
    // It ends with an error when it found something, which is what is hoped for here.
    reject: false,
    cancelSignal: signal,
    // However long it takes: labs that it left behind nobody would take down.
    forceKillAfterDelay: false,
  });
  signal.throwIfAborted();
  const end = readEnd(stdout);
  const results = join(state, 'runs.jsonl');
  return { ...end, found: existsSync(results) ? sentencesOf(await readFile(results, 'utf8')) : [] };
}
