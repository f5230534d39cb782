import type { ChalkInstance } from 'chalk';
import type { RecoveryPlan } from '../../domain/recovery.js';
import { describeRelease } from '../../domain/release.js';
import { printable } from './printable.js';

function hostLines(host: string, sentences: readonly string[]): string[] {
  if (sentences.length === 0) return [`  ${host}: as it should be`];
  return sentences.map((sentence) => `  ${host}: ${printable(sentence)}`);
}

/** What a recovery would do, host by host. */
export function describePlan(plan: RecoveryPlan, title: string, colour: ChalkInstance): string {
  const { from, to, compose, would, silent } = plan;
  return [
    `${colour.bold(title)}: ${describeRelease(from)} → ${colour.bold(describeRelease(to))}`,
    ...(compose === null ? [] : ['  made on the hosts from the releases that lie there']),
    ...Object.entries(would)
      .filter(([host]) => !silent.includes(host))
      .flatMap(([host, sentences]) => hostLines(host, sentences)),
    ...silent.map((host) => `  ${host}: ${colour.yellow('does not answer')}`),
    'Nothing was changed.',
  ].join('\n');
}
