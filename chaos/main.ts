import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureRequirements } from '../setup/requirements.js';
import { say } from './say.js';
import { Crew } from './crew.js';
import { drawRun } from './draw.js';
import { parseOptions, type Options } from './options.js';
import { buildReleases } from './releases.js';
import { describeFailure, describeResults, describeRun, summaryOf } from './report.js';
import { appendResult, readResults, type RunResult } from './results.js';

/** A run that could not be carried out is tried once more: that says nothing of the product. */
const TRIES = 2;

class Chaos {
  readonly results: RunResult[] = [];
  readonly failed: number[] = [];
  private readonly waiting: number[];
  private readonly crews: Crew[] = [];
  private isStopped = false;

  constructor(
    private readonly options: Options,
    present: readonly RunResult[],
  ) {
    const { runs, again } = options;
    const known = new Map(present.map((result) => [result.draw.run, result]));
    this.results.push(...(again ? [] : [...known.values()].filter(({ draw }) => runs.includes(draw.run))));
    this.waiting = runs.filter((run) => again || !known.has(run));
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

  /** Takes the labs down, whatever goes on there. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.crews.map((crew) => crew.dismiss()));
  }

  private async onLab(index: number): Promise<void> {
    const crew = await Crew.gather(`chaos-${process.pid}-${index}`, this.options.state);
    this.crews.push(crew);
    for (let run = this.waiting.shift(); run !== undefined && !this.isStopped; run = this.waiting.shift())
      await this.onCrew(crew, run);
  }

  private async onCrew(crew: Crew, run: number): Promise<void> {
    for (let tried = 1; tried <= TRIES; tried += 1) {
      const answer = await crew.carryOut(drawRun(this.options.seed, run));
      if ('result' in answer) return this.keep(answer.result);
      say(`run ${run} could not be carried out: ${answer.failed.why}`);
    }
    this.failed.push(run);
  }

  private async keep(result: RunResult): Promise<void> {
    this.results.push(result);
    await appendResult(this.file, result);
    say(`${this.results.length}/${this.options.runs.length} ${describeRun(result)}`);
    if (result.violations.length > 0) say(describeFailure(result));
  }
}

const options = parseOptions(process.argv.slice(2));
await ensureRequirements();
await mkdir(options.state, { recursive: true });
await buildReleases(join(options.state, 'releases'));
const chaos = new Chaos(options, await readResults(join(options.state, 'runs.jsonl')));
process.once('SIGINT', () => {
  say('stopped: labs go down; the same command goes on where it was');
  void chaos.stop().finally(() => process.exit(130));
});
try {
  await chaos.carryOut();
} finally {
  await chaos.stop();
}
const { results, failed } = chaos;
console.log(describeResults(results));
if (failed.length > 0) console.log(`could not be carried out: ${failed.join(', ')}`);
const summary = summaryOf(results);
if (options.json) console.log(JSON.stringify(summary));
process.exitCode = summary.violations === 0 && failed.length === 0 ? 0 : 1;
