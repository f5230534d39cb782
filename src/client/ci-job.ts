import { appendFile } from 'node:fs/promises';
import type { Outcome } from '../domain/outcome.js';
import { isObjection, type PreflightReport } from '../domain/preflight.js';
import { renderProgress } from '../domain/progress-markdown.js';
import type { Progress, StepProgress } from '../domain/progress.js';
import type { Variables } from './ci.js';
import type { Watcher } from './follow.js';
import type { RunEnd } from './run-end.js';
import type { Terminal } from './terminal.js';
import { preflightMarkdown } from './view/preflight-markdown.js';
import { annotation, isGithubActions, type Level } from './view/annotation.js';

/** The run that a job has shown. */
export interface Ran {
  readonly workflowId: string;
  readonly deploymentId: string;
  readonly environment: string;
  readonly version: string;
}

/** What a job shows of a run, beside its log. */
export interface CiJob {
  /** Goes through `watcher`, and marks each step that fails. */
  watching(watcher: Watcher): Watcher;
  /** Marks the job with the run's end, writes the run's table into the job's summary, and tells the steps after it. */
  ended(end: RunEnd, run: Ran): Promise<void>;
  /** Marks what a preflight objects to, and writes its table into the job's summary. */
  looked(report: PreflightReport): Promise<void>;
}

const NOWHERE: CiJob = {
  watching: (watcher) => watcher,
  ended: () => Promise.resolve(),
  looked: () => Promise.resolve(),
};

/** Where the command runs: a job of GitHub Actions gets annotations and a summary, everything else nothing. */
export function ciJob(variables: Variables, terminal: Terminal): CiJob {
  if (!isGithubActions(variables)) return NOWHERE;
  return new GithubJob(terminal, variables['GITHUB_STEP_SUMMARY'] ?? '', variables['GITHUB_OUTPUT'] ?? '');
}

function failedNow(before: Progress | null, now: Progress): StepProgress[] {
  return now.steps.filter(
    ({ state }, index) => state === 'failed' && before?.steps[index]?.state !== 'failed',
  );
}

/** Outcomes that people wanted: nothing went wrong, and nothing was done. */
const WANTED: readonly (Outcome | null)[] = ['REJECTED', 'WITHDRAWN', 'HELD_BACK'];

function levelOf({ exitStatus, outcome }: RunEnd): Level {
  if (exitStatus === 0) return 'notice';
  return WANTED.includes(outcome) ? 'warning' : 'error';
}

class GithubJob implements CiJob {
  private last: Progress | null = null;

  constructor(
    private readonly terminal: Terminal,
    /** File of the summary; empty: there is none. */
    private readonly summary: string,
    /** File of what later steps are told; empty: there is none. */
    private readonly output: string,
  ) {}

  watching(watcher: Watcher): Watcher {
    return {
      everyMs: watcher.everyMs,
      show: (progress) => {
        watcher.show(progress);
        for (const { title, detail } of failedNow(this.last, progress))
          this.annotate('error', `${title} failed`, detail === '' ? progress.message : detail);
        this.last = progress;
      },
      trouble: (reason) => watcher.trouble(reason),
      close: () => watcher.close(),
    };
  }

  async ended(end: RunEnd, run: Ran): Promise<void> {
    const head = `${`${run.environment} ${run.version}`.trim()}: ${end.outcome ?? 'ended from outside'}`;
    this.annotate(levelOf(end), head, end.message);
    const table = this.last === null ? end.message : renderProgress(this.last);
    await this.append("The job's summary", this.summary, `### ${head}\n\n${table}\n\n`);
    if (end.preflight?.passed === false) await this.looked(end.preflight);
    const outputs = [
      ['deployment-id', run.deploymentId],
      ['workflow-id', run.workflowId],
      ['outcome', end.outcome ?? ''],
    ];
    const lines = outputs.map(([name, value]) => `${name}=${value}\n`);
    await this.append('What later steps are told', this.output, lines.join(''));
  }

  async looked(report: PreflightReport): Promise<void> {
    for (const result of report.results.filter(({ verdict }) => verdict !== 'pass')) {
      const { name, target, found, advice, runbook } = result;
      const message = [found, advice, runbook].filter((part) => part !== null).join(' ');
      this.annotate(isObjection(result) ? 'error' : 'warning', `preflight: ${name} of ${target}`, message);
    }
    const head = `Preflight of ${report.environment} ${report.version}`;
    const table = preflightMarkdown(report);
    await this.append("The job's summary", this.summary, `### ${head}\n\n${table}\n\n`);
  }

  private async append(what: string, file: string, text: string): Promise<void> {
    if (file === '') return;
    try {
      await appendFile(file, text);
    } catch (error) {
      // It must not hide how the run ended.
      this.terminal.err(`${what} can't be written: ${String(error)}`);
    }
  }

  /** On standard error, where runners read commands too, and where JSON is not spoilt. */
  private annotate(level: Level, title: string, message: string): void {
    this.terminal.err(annotation(level, title, message));
  }
}
