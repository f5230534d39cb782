import type { SmokeResult } from '../../domain/smoke.js';
import { printable } from './printable.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Halves of characters, and those that are none: XML does not allow them at all. */
const NO_CHARACTERS = /[\p{Cs}\uFFFE\uFFFF]/gu;

/** A value of an attribute, on one line. */
function attribute(text: string): string {
  return printable(text.replace(NO_CHARACTERS, ''), 1000).replace(/[&<>"]/g, (one) => ENTITIES[one] ?? '');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function outcome({ verdict, severity, evidence }: SmokeResult): string {
  if (verdict === 'pass') return '';
  // What only warns must not fail the job that reads the report.
  if (severity !== 'critical') return `<system-out>${attribute(`${severity}: ${evidence}`)}</system-out>`;
  return `<${verdict === 'fail' ? 'failure' : 'error'} message="${attribute(evidence)}"/>`;
}

/** Results in JUnit's XML, which CI servers read: `failure` for what says no, `error` for what could not be carried out. */
export function junit(suite: string, results: readonly SmokeResult[], durationMs: number): string {
  const critical = results.filter(({ severity }) => severity === 'critical');
  const count = (wanted: SmokeResult['verdict']): number =>
    critical.filter(({ verdict }) => verdict === wanted).length;
  const cases = results.map(
    (result) =>
      `    <testcase classname="smoke.${result.level}" name="${attribute(result.name)}" time="${seconds(result.durationMs)}">${outcome(result)}</testcase>`,
  );
  const totals = `tests="${results.length}" failures="${count('fail')}" errors="${count('unknown')}" time="${seconds(durationMs)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${attribute(suite)}" ${totals}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
