import { join } from 'node:path';
import { Lab } from '../lab/lab.js';
import { builtReleases } from './releases.js';
import type { Draw } from './draw-types.js';
import { carryOut, type Grounds } from './run.js';
import type { RunResult } from './results.js';

/** What the process that carries out the runs of one lab answers to a draw. */
export type Answer =
  { readonly result: RunResult } | { readonly failed: { readonly run: number; readonly why: string } };

function say(answer: Answer): void {
  process.send?.(answer);
}

async function answer(draw: Draw, grounds: Grounds): Promise<void> {
  try {
    say({ result: await carryOut(draw, grounds) });
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say({ failed: { run: draw.run, why } });
  }
}

const [name = '', state = ''] = process.argv.slice(2);
const releases = join(state, 'releases');
const grounds = { lab: await Lab.open(name), state, releases, built: await builtReleases(releases) };
process.on('message', (draw: Draw) => void answer(draw, grounds));
// Ctrl-C reaches every process of the terminal; what was started here must not be left behind.
process.on('SIGINT', () => undefined);
// Without whoever hands out the runs there is nothing to do; what it started ends with it.
process.on('disconnect', () => process.exit(1));
