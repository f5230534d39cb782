import type { PolicyLine } from '../../config/policy-keys.js';
import { plainTable } from './plain-table.js';
import type { Canvas } from './progress-table.js';
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
export function policyTable(lines: readonly PolicyLine[], sheet: Pick<Canvas, 'colour' | 'width'>): string {
  const { colour } = sheet;
  const rows = lines.map(({ key, value, from, carriedOut }) => [
    key,
    `${printable(shown(value), 200)}${carriedOut ? '' : colour.yellow(' (not carried out by this version)')}`,
    from.startsWith('preset ') ? colour.dim(from) : from,
  ]);
  return plainTable(['key', 'value', 'from'], rows, sheet);
}
