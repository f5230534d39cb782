import type { Outcome } from './outcome.js';

/** Where a run is. */
export type Phase =
  'validating' | 'awaiting-approval' | 'queued' | 'deploying' | 'committing' | 'rolling-back' | 'ended';

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped';

/** One step as people see it. Times are ISO 8601 in UTC. */
export interface StepProgress {
  readonly title: string;
  readonly state: StepState;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Host → state, for steps that run on each host. */
  readonly hosts: Readonly<Record<string, StepState>>;
  /** One sentence, such as the failure. */
  readonly detail: string;
}

/** What a person needs to know who is to approve a plan. */
export interface ApprovalProgress {
  /** How often people have been asked in this run; part of what is signed. */
  readonly round: number;
  readonly signatures: 'required' | 'optional';
  /** Command lines that approve the plan. */
  readonly commands: readonly string[];
}

/** What the `progress` query answers; the Web UI shows it as `progress-markdown.ts` renders it. */
export interface Progress {
  readonly deploymentId: string;
  readonly environment: string;
  readonly version: string;
  readonly from: string | null;
  readonly phase: Phase;
  readonly planHash: string | null;
  readonly steps: readonly StepProgress[];
  readonly outcome: Outcome | null;
  readonly message: string;
  /** While the run waits for approval; `null` or absent otherwise. */
  readonly approval?: ApprovalProgress | null;
}

const MARKS: Readonly<Record<StepState, string>> = {
  waiting: '·',
  running: '▶',
  done: '✓',
  failed: '✗',
  skipped: '–',
};

/** The sign that stands for a state in every table. */
export function mark(state: StepState): string {
  return MARKS[state];
}
