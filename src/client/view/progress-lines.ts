import { mark, type Progress, type StepProgress } from '../../domain/progress.js';
import { approvalLines } from './approval-lines.js';
import { printable } from './printable.js';
import { elapsed } from './times.js';

function hostLines(before: StepProgress | undefined, step: StepProgress): string[] {
  return Object.entries(step.hosts)
    .filter(([host, state]) => state !== 'running' && state !== 'waiting' && before?.hosts[host] !== state)
    .map(([host, state]) => `  ${mark(state)} ${step.title} on ${host}`);
}

function stepLines(before: StepProgress | undefined, step: StepProgress): string[] {
  const hosts = Object.keys(step.hosts);
  const began = before === undefined && step.state !== 'skipped';
  const where = hosts.length === 0 ? '' : ` (${hosts.join(', ')})`;
  const start = began ? [`${mark('running')} ${step.title}${where}`] : [];
  const ended = step.state !== 'running' && step.state !== 'waiting' && before?.state !== step.state;
  const tells = step.state === 'running' && step.detail !== '' && before?.detail !== step.detail;
  const told = tells ? [`  ${mark(step.state)} ${step.title}: ${step.detail}`] : [];
  const took = elapsed(step, 0);
  const end = [
    `${mark(step.state)} ${step.title}`,
    ...(took === '' ? [] : [`  ${took}`]),
    ...(step.detail === '' ? [] : [`: ${step.detail}`]),
  ];
  return [...start, ...hostLines(before, step), ...told, ...(ended ? [end.join('')] : [])];
}

function headLines(before: Progress | null, now: Progress): string[] {
  const lines: string[] = [];
  if (now.planHash !== null && now.planHash !== '' && before?.planHash !== now.planHash)
    lines.push(`plan ${now.planHash}: ${now.from ?? 'nothing'} → ${now.version}`);
  if (before?.phase !== now.phase) lines.push(`— ${now.phase}`);
  if (now.message !== '' && now.phase !== 'ended' && before?.message !== now.message) lines.push(now.message);
  if (before?.approval?.round !== now.approval?.round) lines.push(...approvalLines(now));
  return lines;
}

/** What changed between two looks at a run, one line each; the end itself is told by whoever follows. */
export function progressLines(before: Progress | null, now: Progress): string[] {
  const steps = now.steps.flatMap((step, index) => stepLines(before?.steps[index], step));
  // A new phase begins after what the last look missed of the one before.
  const lines =
    before === null ? [...headLines(before, now), ...steps] : [...steps, ...headLines(before, now)];
  return lines.map((line) => line.slice(0, line.search(/\S/)) + printable(line));
}
