/** Of one look. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** `timeout` ends a command on the host, where the end of the connection would not; it is to be earlier than the look's own limit. */
export const OF_THE_LIMIT = 0.8;
/** And so much later it kills what does not end by itself. */
const KILLED_LATER = 0.1;

/** The words by which a host runs a command for so long at most, with all that it starts. */
export function watchedCommand(argv: readonly string[], timeoutMs: number): readonly string[] {
  const seconds = (share: number): string => `${((timeoutMs * share) / 1000).toFixed(3)}s`;
  return ['timeout', `--kill-after=${seconds(KILLED_LATER)}`, seconds(OF_THE_LIMIT), ...argv];
}
