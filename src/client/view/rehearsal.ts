import type { Rehearsed } from '../../domain/rehearsal.js';
import { plainTable } from './plain-table.js';
import { printable } from './printable.js';
import type { Canvas } from './progress-table.js';

/** What Ansible said in its check mode, by host and component. */
export function describeRehearsal(
  rehearsal: readonly Rehearsed[],
  sheet: Pick<Canvas, 'colour' | 'width'>,
): string {
  const rows = rehearsal.flatMap(({ host, would }) =>
    Object.entries(would).map(([component, sentences]) => [
      `  ${printable(host, 63)}`,
      printable(component, 40),
      sentences.length === 0 ? 'nothing to do' : printable(sentences.join('; '), 1000),
    ]),
  );
  const heading = sheet.colour.bold('Ansible, --check --diff:');
  return ['', heading, plainTable(['  host', 'component', 'would'], rows, sheet)].join('\n');
}
