import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import { mark, type Progress, type StepProgress, type StepState } from '../../domain/progress.js';
import { approvalLines } from './approval-lines.js';
import { printable } from './printable.js';
import { elapsed } from './times.js';

/** What a table must know of where it is shown. */
export interface Canvas {
  readonly colour: ChalkInstance;
  /** Columns. */
  readonly width: number;
  /** Milliseconds since the epoch, for clocks of what is going on. */
  readonly now: number;
}

/** Without frames: a table that is copied into a ticket stays readable. */
export const PLAIN_TABLE = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

function coloured(colour: ChalkInstance, state: StepState, text: string): string {
  if (state === 'done') return colour.green(text);
  if (state === 'failed') return colour.red(text);
  return state === 'running' ? colour.cyan(text) : colour.dim(text);
}

function hostsOf(progress: Progress): string[] {
  return [...new Set(progress.steps.flatMap((step) => Object.keys(step.hosts)))];
}

/** A column for each host while there is room, else a count. */
function needsSummary(hosts: readonly string[], { width }: Canvas): boolean {
  return 50 + hosts.reduce((sum, host) => sum + host.length + 2, 0) > width;
}

function summary(step: StepProgress, { colour }: Canvas): string {
  const states = Object.values(step.hosts);
  if (states.length === 0) return '';
  const failed = Object.entries(step.hosts).flatMap(([host, state]) => (state === 'failed' ? [host] : []));
  const done = `${states.filter((state) => state === 'done').length}/${states.length}`;
  return failed.length === 0
    ? done
    : `${done} ${colour.red(printable(`${mark('failed')} ${failed.join(', ')}`, 40))}`;
}

function row(step: StepProgress, hosts: readonly string[], isSummary: boolean, canvas: Canvas): string[] {
  const { colour, now } = canvas;
  const title = `${coloured(colour, step.state, mark(step.state))} ${printable(step.title, 40)}`;
  const cells = isSummary
    ? [summary(step, canvas)]
    : hosts.map((host) => {
        const state = step.hosts[host];
        return state === undefined ? '' : coloured(colour, state, mark(state));
      });
  return [title, ...cells, elapsed(step, now)];
}

function heading({ environment, from, version, phase, outcome }: Progress, colour: ChalkInstance): string {
  const [before, after] = [printable(from ?? 'nothing', 100), printable(version, 100)];
  return `${colour.bold(printable(environment))}: ${before} → ${colour.bold(after)}  ${outcome ?? printable(phase)}`;
}

/** A run as people watch it: steps by hosts, with marks and times, and what it says of itself. */
export function progressTable(progress: Progress, canvas: Canvas): string {
  const { colour, width } = canvas;
  const hosts = hostsOf(progress);
  const isSummary = needsSummary(hosts, canvas);
  const heads = ['step', ...(isSummary ? ['hosts'] : hosts), 'took'];
  const table = new Table({ ...PLAIN_TABLE, head: heads.map((head) => colour.dim(head)) });
  table.push(...progress.steps.map((step) => row(step, hosts, isSummary, canvas)));
  const remarks = progress.steps
    .filter((step) => step.detail !== '')
    .map((step) => {
      const line = printable(`${mark(step.state)} ${step.title}: ${step.detail}`, 2 * width);
      return step.state === 'failed' ? colour.red(line) : colour.dim(line);
    });
  return [
    heading(progress, colour),
    ...(progress.message === '' ? [] : [printable(progress.message, 2 * width)]),
    ...(progress.planHash ? [colour.dim(`plan ${progress.planHash}`)] : []),
    ...(progress.steps.length === 0 ? [] : ['', table.toString()]),
    ...(remarks.length === 0 ? [] : ['', ...remarks]),
    ...approvalLines(progress),
  ].join('\n');
}
