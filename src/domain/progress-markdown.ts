import { approvalInput } from './approval-commands.js';
import { plain } from './markdown.js';
import { mark, type Progress, type StepProgress } from './progress.js';

/** More hosts than this are counted: their columns would not fit beside each other. */
const COLUMNS = 8;

function seconds({ startedAt, endedAt }: StepProgress): string {
  if (startedAt === null || endedAt === null) return '';
  return `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

/** How many hosts are through, and the names of those that failed. */
function count({ hosts }: StepProgress): string {
  const states = Object.values(hosts);
  if (states.length === 0) return '';
  const failed = Object.keys(hosts).filter((host) => hosts[host] === 'failed');
  const done = `${states.filter((state) => state === 'done').length}/${states.length}`;
  return failed.length === 0 ? done : `${done} ${mark('failed')} ${plain(failed.join(', '), 200)}`;
}

function row(step: StepProgress, hosts: readonly string[]): string {
  const marks = hosts.map((host) => {
    const state = step.hosts[host];
    return state === undefined ? '' : mark(state);
  });
  const perHost = hosts.length > COLUMNS ? [count(step)] : marks;
  const cells = [`${mark(step.state)} ${plain(step.title, 100)}`, ...perHost, seconds(step)];
  return `| ${cells.join(' | ')} |`;
}

function table(steps: readonly StepProgress[]): string[] {
  if (steps.length === 0) return [];
  const hosts = [...new Set(steps.flatMap((step) => Object.keys(step.hosts)))];
  const heads = hosts.length > COLUMNS ? ['hosts'] : hosts;
  return [
    '',
    `| step | ${[...heads, 'took'].join(' | ')} |`,
    `|:--|${heads.map(() => ':-:|').join('')}--:|`,
    ...steps.map((step) => row(step, hosts)),
  ];
}

/** Below the table: a sentence in a column of its own would leave no room for the others. */
function remarks(steps: readonly StepProgress[]): string[] {
  const lines = steps
    .filter(({ detail }) => detail !== '')
    .map(({ state, title, detail }) => `- ${mark(state)} ${plain(title, 100)}: ${plain(detail, 300)}`);
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Not as blocks: these do not wrap, and their end would be out of sight. */
function asking({ approval, planHash }: Progress): string[] {
  if (!approval) return [];
  const here =
    approval.signatures === 'required' || planHash === null
      ? []
      : [`- here: _Send a Signal_ named \`approve\`, with \`${approvalInput(planHash)}\``];
  const commands = approval.commands.map((command) => `- \`${command}\``);
  return ['', 'To approve it:', '', ...here, ...commands];
}

/** A run in Markdown, for the Web UI's current details and the summary of a job: a line for each step, a column for each host. */
export function renderProgress(progress: Progress): string {
  const { environment, from, version, outcome, phase, message, planHash, steps } = progress;
  return [
    `**${environment}: ${from ?? 'nothing'} → ${plain(version, 100)}** — ${outcome ?? phase}`,
    ...(message === '' ? [] : ['', plain(message, 1000)]),
    ...(planHash === null ? [] : ['', `Plan \`${planHash}\``]),
    ...asking(progress),
    ...table(steps),
    ...remarks(steps),
  ].join('\n');
}
