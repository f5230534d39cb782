import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { PolicyLine } from '../../config/policy-keys.js';
import { PLAIN_TABLE } from './progress-table.js';
import { printable } from './printable.js';

function shown(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.length === 0 ? 'none' : value.join(', ');
  const isEmpty = typeof value === 'object' && Object.keys(value).length === 0;
  return isEmpty ? 'none' : JSON.stringify(value);
}

/** A policy, a line for each value, with where it comes from. */
export function policyTable(lines: readonly PolicyLine[], colour: ChalkInstance): string {
  const table = new Table({
    ...PLAIN_TABLE,
    head: ['key', 'value', 'from'].map((head) => colour.dim(head)),
  });
  table.push(
    ...lines.map(({ key, value, from, carriedOut }) => [
      key,
      `${printable(shown(value), 200)}${carriedOut ? '' : colour.yellow(' (not carried out by this version)')}`,
      from.startsWith('preset ') ? colour.dim(from) : from,
    ]),
  );
  return table.toString();
}
