import { join } from 'node:path';
import { execa } from 'execa';

/** How chaos is to look for a violation. */
export interface Hunt {
  /** At most so many runs. */
  readonly runs: number;
  readonly seed: number;
  /** `STEP:FAULT`, to be drawn more often; empty: as usual. */
  readonly aim: readonly string[];
}

/** What chaos said on its last line, as far as it is needed here. */
export interface ChaosEnd {
  /** Until it stopped. */
  readonly runs: number;
  readonly violations: number;
  /** Runs that never came to rest. */
  readonly unresolved: number;
  /** Sentences about what was found; empty where chaos did not list them. */
  readonly found: readonly string[];
}

function sentencesOf(found: unknown): string[] {
  if (!Array.isArray(found)) return [];
  return found.map((one: unknown) => {
    if (typeof one === 'string') return one;
    const { invariant, host, what } = one as { invariant?: string; host?: string | null; what?: string };
    return [invariant, host, what].filter((part) => typeof part === 'string').join(' ');
  });
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
  const { runs, violations, unresolved, found } = (said ?? {}) as Record<string, unknown>;
  if (typeof runs !== 'number' || typeof violations !== 'number' || typeof unresolved !== 'number')
    throw new Error(`chaos did not say runs, violations and unresolved: ${line.slice(0, 300)}`);
  return { runs, violations, unresolved, found: sentencesOf(found) };
}

/**
 * Runs chaos as users do, from a copy of the checkout, until the first violation; its own words go to standard error.
 * @throws Error when it does not say how it ended
 */
export async function hunt(copy: string, { runs, seed, aim }: Hunt): Promise<ChaosEnd> {
  const argv = ['--runs', String(runs), '--seed', String(seed), '--json', '--stop-at-first'];
  const aimed = aim.flatMap((cell) => ['--aim', cell]);
  const program = join(copy, 'dist', 'chaos', 'main.js');
  const { stdout } = await execa(process.execPath, ['--no-warnings', program, ...argv, ...aimed], {
    cwd: copy,
    stdin: 'ignore',
    stderr: 'inherit',
    // It ends with an error when it found something, which is what is hoped for here.
    reject: false,
  });
  return readEnd(stdout);
}
