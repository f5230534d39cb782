const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** How spans of time are written, in `safeguard.yaml` and on the command line: `30s`, `5m`, `6h`, `2d`. */
export const DURATION = /^[1-9]\d{0,5}[smhd]$/;

/** The same in words, after an example. */
export const DURATION_BOUNDS = 'a whole number from 1 to 999999, then s, m, h or d';

/** A span of time in seconds; `null`: the text is none. */
export function secondsOf(text: string): number | null {
  const unit = UNITS[text.slice(-1)];
  return DURATION.test(text) && unit !== undefined ? Number(text.slice(0, -1)) * unit : null;
}
