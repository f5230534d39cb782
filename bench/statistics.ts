/** What several runs of one measurement came to, in milliseconds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** Sums up at least one run. */
export function figure(runs: readonly number[]): Figure {
  const sorted = [...runs].sort((a, b) => a - b);
  const at = (index: number): number => Math.round(sorted[index] ?? NaN);
  return {
    median: at(Math.floor((sorted.length - 1) / 2)),
    min: at(0),
    max: at(sorted.length - 1),
    runs: sorted.length,
  };
}

/** One median as a multiple of another, to two places. */
export function ratio(of: Figure, to: Figure): number {
  return Math.round((100 * of.median) / to.median) / 100;
}
