import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import type { Violation } from './checker/types.js';
import type { Draw } from './draw-types.js';
import type { Struck } from './moments.js';
import type { TimelineEntry } from './timeline.js';

/** What a run came to: one line of `runs.jsonl`. */
export interface RunResult {
  readonly draw: Draw;
  readonly faults: readonly Struck[];
  /** What was found once it had come to rest, or that it had not. */
  readonly violations: readonly Violation[];
  /** Why it did not come to rest; `null`: it did. */
  readonly unrest: string | null;
  /** From the end of the last fault until rest, in milliseconds. */
  readonly restMs: number;
  /** The whole run, its preparation and the check included, in milliseconds. */
  readonly tookMs: number;
  readonly timeline: readonly TimelineEntry[];
  /** Where everything about it is kept; `null`: nowhere, since nothing was wrong. */
  readonly kept: string | null;
}

/** Results of earlier calls; what a call that was ended in the middle of a line left behind is not one. */
export async function readResults(file: string): Promise<RunResult[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as RunResult];
    } catch {
      // The beginning of a line, and another one after it: that run is done again.
      return [];
    }
  });
}

/** Keeps one more. */
export async function appendResult(file: string, result: RunResult): Promise<void> {
  await appendFile(file, `${JSON.stringify(result)}\n`);
}
