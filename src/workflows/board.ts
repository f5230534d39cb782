import { isCancellation, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Outcome } from '../domain/outcome.js';
import { renderProgress } from '../domain/progress-markdown.js';
import type { ApprovalProgress, Phase, Progress, StepProgress, StepState } from '../domain/progress.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { failureOf } from './failures.js';

const phaseKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');
const outcomeKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.outcome, 'KEYWORD');

function now(): string {
  return new Date().toISOString();
}

/** What people see of a run: answers the query, and keeps the Web UI's current details and search attributes. */
export class Board {
  private progress: Progress;

  constructor(run: {
    readonly deploymentId: string;
    readonly environment: string;
    readonly version: string;
  }) {
    const { deploymentId, environment, version } = run;
    const steps: StepProgress[] = [];
    this.progress = {
      deploymentId,
      environment,
      version,
      from: null,
      phase: 'validating',
      planHash: null,
      steps,
      outcome: null,
      message: '',
    };
    this.show({});
  }

  /** The state of things, for the query. */
  read(): Progress {
    return this.progress;
  }

  get steps(): readonly StepProgress[] {
    return this.progress.steps;
  }

  enter(phase: Phase, message = ''): void {
    this.show({ phase, message });
    upsertSearchAttributes([{ key: phaseKey, value: phase }]);
  }

  /** A phase that is over at once where all goes well: shown, but not searched for, which would be an event more. */
  pass(phase: Phase): void {
    this.show({ phase, message: '' });
  }

  /** Something new within the phase. */
  say(message: string): void {
    this.show({ message });
  }

  planned(from: string | null, planHash: string): void {
    this.show({ from, planHash });
  }

  /** Shows how to approve the plan that waits; `null`: none does any more. */
  asking(approval: ApprovalProgress | null): void {
    this.show({ approval });
  }

  end(outcome: Outcome, message: string): void {
    this.show({ phase: 'ended', outcome, message });
    upsertSearchAttributes([
      { key: phaseKey, value: 'ended' },
      { key: outcomeKey, value: outcome },
    ]);
  }

  /** Runs one step and shows how it goes, what it tells meanwhile, and by `detailOf` what came of it; what it throws passes through. */
  async step<T>(
    title: string,
    hosts: readonly string[],
    work: (mark: HostMark, tell: (detail: string) => void) => Promise<T>,
    detailOf: (result: T) => string = () => '',
  ): Promise<T> {
    const index = this.progress.steps.length;
    this.put(index, {
      title,
      state: 'running',
      startedAt: now(),
      endedAt: null,
      hosts: Object.fromEntries(hosts.map((host) => [host, 'running' as const])),
      detail: '',
    });
    try {
      const result = await work(
        (host, state) => this.markHost(index, host, state),
        (detail) => this.change(index, { detail }),
      );
      this.finish(index, 'done', detailOf(result));
      return result;
    } catch (error) {
      this.finish(index, 'failed', isCancellation(error) ? 'It was told to stop.' : failureOf(error).message);
      throw error;
    }
  }

  private markHost(index: number, host: string, state: StepState): void {
    this.change(index, { hosts: { ...this.progress.steps[index]?.hosts, [host]: state } });
  }

  private finish(index: number, state: StepState, detail: string): void {
    const step = this.progress.steps[index];
    if (!step) return;
    const hosts = Object.fromEntries(
      Object.entries(step.hosts).map(([host, was]) => [host, was === 'running' ? state : was]),
    );
    this.change(index, { state, endedAt: now(), hosts, detail });
  }

  private change(index: number, change: Partial<StepProgress>): void {
    const step = this.progress.steps[index];
    if (step) this.put(index, { ...step, ...change });
  }

  private put(index: number, step: StepProgress): void {
    this.show({
      steps: [...this.progress.steps.slice(0, index), step, ...this.progress.steps.slice(index + 1)],
    });
  }

  private show(change: Partial<Progress>): void {
    this.progress = { ...this.progress, ...change };
    setCurrentDetails(renderProgress(this.progress));
  }
}

/** Notes how one host of a step fares. */
export type HostMark = (host: string, state: StepState) => void;
