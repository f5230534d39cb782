import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { PLAIN_TABLE, type Canvas } from './progress-table.js';

/** A column is not made narrower than this; a terminal that has less breaks the lines itself. */
const NARROWEST = 16;
/** Between two columns. */
const GAP = 2;

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const [first = []] = rows;
  return first.map((_, column) =>
    Math.max(...rows.map((row) => stripVTControlCharacters(row[column] ?? '').length)),
  );
}

/** The widest column gives way where all together are too wide; `null`: as wide as its text. */
function fitted(widths: readonly number[], width: number): (number | null)[] {
  const excess = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  const widest = widths.indexOf(Math.max(...widths));
  return widths.map((one, column) =>
    excess > 0 && column === widest ? Math.min(one, Math.max(NARROWEST, one - excess)) : null,
  );
}

/** A table without frames, whose widest column is broken into lines where it would not fit. */
export function plainTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { colour, width }: Pick<Canvas, 'colour' | 'width'>,
): string {
  const table = new Table({
    ...PLAIN_TABLE,
    head: heads.map((head) => colour.dim(head)),
    colWidths: fitted(widthsOf([heads, ...rows]), width),
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
