import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureRequirements } from '../setup/requirements.js';
import { Crew } from './crew.js';
import { drawRun } from './draw.js';
import type { RunOptions } from './options.js';
import { buildReleases } from './releases.js';
import { describeFailure, describeResults, describeRun, summaryOf } from './report.js';
import { appendResult, readResults, type RunResult } from './results.js';
import { say } from './say.js';
import { STOPPED, whenStopped } from './stopping.js';

/** A run that could not be carried out is tried once more: that says nothing of the product. */
const TRIES = 2;

class Chaos {
  readonly results: RunResult[] = [];
  readonly failed: number[] = [];
  private readonly waiting: number[];
  private readonly crews: Promise<Crew | null>[] = [];
  private stopped: Promise<unknown> | null = null;

  constructor(
    private readonly options: RunOptions,
    present: readonly RunResult[],
  ) {
    const { runs, again } = options;
    const known = new Map(present.map((result) => [result.draw.run, result]));
    this.results.push(...(again ? [] : [...known.values()].filter(({ draw }) => runs.includes(draw.run))));
    this.waiting = runs.filter((run) => again || !known.has(run));
  }

  /** How many runs nobody has begun, though somebody should have. */
  get left(): number {
    return this.waiting.length;
  }

  private get file(): string {
    return join(this.options.state, 'runs.jsonl');
  }

  async carryOut(): Promise<void> {
    const { labs, runs } = this.options;
    say(`${this.waiting.length} of ${runs.length} runs to do, on ${labs} labs; results in ${this.file}`);
    const many = Math.min(labs, this.waiting.length);
    await Promise.all(Array.from({ length: many }, (_, index) => this.onLab(index + 1)));
  }

  /** Takes the labs down, whatever goes on there, those that are coming up among them. */
  async stop(): Promise<void> {
    this.stopped ??= Promise.all(this.crews.map(async (crew) => (await crew)?.dismiss()));
    await this.stopped;
  }

  private async onLab(index: number): Promise<void> {
    // One after the other: hosts that all boot at once on a busy machine do not all come up in time.
    const before = this.crews.at(-1);
    const gathered = Promise.resolve(before).then(() => this.gather(`chaos-${process.pid}-${index}`));
    this.crews.push(gathered);
    const crew = await gathered;
    if (crew === null) return;
    for (
      let run = this.waiting.shift();
      run !== undefined && this.stopped === null;
      run = this.waiting.shift()
    )
      await this.onCrew(crew, run);
  }

  /** `null`: that lab does not come up; the others do its work. */
  private async gather(name: string): Promise<Crew | null> {
    if (this.stopped !== null) return null;
    try {
      return await Crew.gather(name, this.options.state);
    } catch (error) {
      say(`the lab ${name} does not come up: ${String(error)}`);
      return null;
    }
  }

  private async onCrew(crew: Crew, run: number): Promise<void> {
    for (let tried = 1; tried <= TRIES; tried += 1) {
      const answer = await crew.carryOut(drawRun(this.options.seed, run, this.options.aim));
      if ('result' in answer) return this.keep(answer.result);
      say(`run ${run} could not be carried out: ${answer.failed.why}`);
    }
    this.failed.push(run);
  }

  private async keep(result: RunResult): Promise<void> {
    this.results.push(result);
    await appendResult(this.file, result);
    say(`${this.results.length}/${this.options.runs.length} ${describeRun(result)}`);
    if (result.violations.length === 0) return;
    say(describeFailure(result));
    if (this.options.stopAtFirst) this.waiting.length = 0;
  }
}

/**
 * Carries out the runs that were asked for, and prints what they came to.
 * @returns whether all were carried out and nothing was wrong
 */
export async function carryOutRuns(options: RunOptions): Promise<boolean> {
  await ensureRequirements();
  await mkdir(options.state, { recursive: true });
  await buildReleases(join(options.state, 'releases'));
  const chaos = new Chaos(options, await readResults(join(options.state, 'runs.jsonl')));
  whenStopped(() => {
    say('stopped: labs go down; the same command goes on where it was');
    void chaos.stop().finally(() => process.exit(STOPPED));
  });
  try {
    await chaos.carryOut();
  } finally {
    await chaos.stop();
  }
  const { results, failed, left } = chaos;
  console.log(describeResults(results));
  if (failed.length > 0) console.log(`could not be carried out: ${failed.join(', ')}`);
  if (left > 0) console.log(`${left} runs were not begun: no lab came up`);
  const summary = summaryOf(results);
  if (options.json) console.log(JSON.stringify(summary));
  return summary.violations === 0 && failed.length + left === 0;
}
