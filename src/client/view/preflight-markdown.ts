import type { PreflightReport, PreflightResult } from '../../domain/preflight.js';
import { plain } from '../../domain/markdown.js';
import { preflightLine, preflightMark } from './preflight.js';

function row(result: PreflightResult): string {
  const { name, target, found, limit, advice, runbook } = result;
  const cells = [
    preflightMark(result),
    name,
    target,
    found,
    limit ?? '',
    [advice, runbook].filter(Boolean).join(' '),
  ];
  return `| ${cells.map((cell) => plain(cell, 600)).join(' | ')} |`;
}

/** The table for a job's summary. */
export function preflightMarkdown(report: PreflightReport): string {
  return [
    '| | look | at | found | limit | what to do |',
    '| --- | --- | --- | --- | --- | --- |',
    ...report.results.map(row),
    '',
    preflightLine(report),
  ].join('\n');
}
