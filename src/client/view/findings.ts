import type { ChalkInstance } from 'chalk';
import type { Finding, FindingState } from '../../domain/finding.js';
import { printable } from './printable.js';

const MARKS: Readonly<Record<FindingState, string>> = { ok: '✓', warning: '!', missing: '✗' };

function coloured({ state }: Finding, text: string, colour: ChalkInstance): string {
  if (state === 'ok') return colour.green(text);
  return state === 'warning' ? colour.yellow(text) : colour.red(text);
}

function verdict(findings: readonly Finding[]): string {
  const count = (wanted: FindingState): number => findings.filter(({ state }) => state === wanted).length;
  const warnings = count('warning') === 0 ? '' : `, ${count('warning')} worth a look`;
  return count('missing') === 0
    ? `Nothing is missing${warnings}. Hosts were not asked: safeguard verify <environment> does that.`
    : `${count('missing')} missing${warnings}.`;
}

/** What was found, a line each, and what to do about it. */
export function describeFindings(findings: readonly Finding[], colour: ChalkInstance): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap((finding) => {
    const { check, state, found, advice } = finding;
    const head = `${coloured(finding, MARKS[state], colour)} ${check.padEnd(width)}  ${printable(found, 1000)}`;
    return advice === null ? [head] : [head, `${' '.repeat(width + 4)}→ ${printable(advice, 1000)}`];
  });
  return [...lines, verdict(findings)].join('\n');
}
