import type { Outcome } from './outcome.js';

/** What one host was seen to serve when it was read back. */
export interface HostReading {
  readonly host: string;
  /** `serves`: exactly the release asked about; `differs`: anything else; `unknown`: it did not answer. */
  readonly state: 'serves' | 'differs' | 'unknown';
  /** Sentences on what differs, or why it did not answer. */
  readonly differences: readonly string[];
}

/** Name under which the schema stands among readings of hosts. */
export const DATABASE = 'database';

/** Consistent means that every host was seen to serve exactly one release. Nothing is taken on trust. */
export function isConsistent(readings: readonly HostReading[]): boolean {
  return readings.every((reading) => reading.state === 'serves');
}

/** Verdict after a way back = consistency × health (design rule 7). */
export function rollbackOutcome(readings: readonly HostReading[], healthy: boolean): Outcome {
  if (!isConsistent(readings)) return 'PARTIAL';
  return healthy ? 'ROLLED_BACK' : 'ROLLED_BACK_UNHEALTHY';
}

/** `web-2: backend serves 1.0.0` for each host that does not serve what it should. */
export function describeReadings(readings: readonly HostReading[]): string {
  return readings
    .filter((reading) => reading.state !== 'serves')
    .map((reading) => `${reading.host}: ${reading.differences.join(', ')}`)
    .join('; ');
}
