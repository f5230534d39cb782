import { withoutBody } from './check.js';
import { isWell, type SmokeLevel, type SmokeResult } from './smoke.js';

/** Smoke tests as a plan has them: which, and what they are asked of. */
export interface PlannedSmoke {
  /** On the runner, and the SHA-256 of what is in it: other tests are another intent. */
  readonly file: string;
  readonly sha256: string;
  readonly level: SmokeLevel;
  /** The public way in; `null`: every host's own site, through its SSH connection. */
  readonly url: string | null;
  /** How many of the file are of the level. */
  readonly tests: number;
}

/** What a test came to at one place. */
export interface SmokeFinding extends SmokeResult {
  /** Name of a host, or the URL. */
  readonly target: string;
}

/** What the smoke tests of a run came to. */
export interface SmokeReport {
  /** No critical test failed. */
  readonly healthy: boolean;
  readonly durationMs: number;
  readonly passed: number;
  /** What did not pass, warnings included. */
  readonly failed: readonly SmokeFinding[];
  /** File on the runner that has all results, and the bodies of answers that were not as expected; `null`: it could not be written. */
  readonly kept: string | null;
}

/** Healthy means that no critical test failed. */
export function summarizeSmoke(
  results: readonly SmokeFinding[],
  durationMs: number,
  kept: string | null,
): SmokeReport {
  const failed = results.filter(({ verdict }) => verdict !== 'pass').map(withoutBody);
  return { healthy: isWell(results), durationMs, passed: results.length - failed.length, failed, kept };
}

/** `6 full tests of smoke.yaml, asked of https://campus.example.com`. */
export function describeSmoke({ file, level, url, tests }: PlannedSmoke): string {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const what = `${tests} ${level} test${tests === 1 ? '' : 's'} of ${name}`;
  return url === null ? `${what}, asked of the host itself` : `${what}, asked of ${url}`;
}
