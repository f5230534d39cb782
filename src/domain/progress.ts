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

/** What the `progress` query answers, and the Web UI shows. */
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

function seconds(step: StepProgress): string {
  if (step.startedAt === null || step.endedAt === null) return '';
  return `${((Date.parse(step.endedAt) - Date.parse(step.startedAt)) / 1000).toFixed(1)} s`;
}

/** One line that is no table of its own. */
function cell(text: string, characters = 300): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, characters);
}

/** A Markdown table for the Web UI's current details. */
export function renderProgress(progress: Progress): string {
  const rows = progress.steps.map((step) => {
    const hosts = Object.entries(step.hosts).map(([host, state]) => `${host} ${mark(state)}`);
    return `| ${mark(step.state)} ${cell(step.title)} | ${hosts.join(', ')} | ${seconds(step)} | ${cell(step.detail)} |`;
  });
  const title = `**${progress.environment}: ${progress.from ?? 'nothing'} → ${progress.version}** — ${progress.outcome ?? progress.phase}`;
  const message = progress.message === '' ? [] : ['', cell(progress.message, 1000)];
  const hash = progress.planHash === null ? [] : ['', `Plan \`${progress.planHash}\``];
  const commands = (progress.approval?.commands ?? []).map((command) => `    ${command}`);
  const approve = commands.length === 0 ? [] : ['', 'To approve it:', '', ...commands];
  return [
    title,
    ...message,
    ...hash,
    ...approve,
    '',
    '| step | hosts | took | |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
