import { ERRORS, type ErrorClass, type ErrorCode } from './errors.js';
import type { HostErrorCode } from './host-protocol.js';

/** Whether a step that failed in this way is worth another try of the workflow, and whether to wait before it. */
export interface RetryRule {
  readonly again: boolean;
  /** `configured`: the policy's delay; `none`: at once, because the next try begins by looking. */
  readonly delay: 'configured' | 'none';
}

/** The one table of retries. A lost worker is no failure of a step and is not counted here (Temporal retries it). */
export const RETRY: Readonly<Record<ErrorClass, RetryRule>> = {
  input: { again: false, delay: 'configured' },
  refused: { again: false, delay: 'configured' },
  unreachable: { again: true, delay: 'configured' },
  failed: { again: true, delay: 'configured' },
  unknown: { again: true, delay: 'none' },
  defect: { again: false, delay: 'configured' },
};

/** What the codes of `safeguard-host` mean for the retry table. */
export const HOST_ERROR_CLASS: Readonly<Record<HostErrorCode, ErrorClass>> = {
  BAD_REQUEST: 'defect',
  PROTOCOL_MISMATCH: 'input',
  NOT_ALLOWED: 'refused',
  FENCED: 'refused',
  TOKEN_MISSING: 'refused',
  UNKNOWN_INCARNATION: 'refused',
  BUSY: 'failed',
  CHECKSUM_MISMATCH: 'input',
  ARCHIVE_REFUSED: 'input',
  TRUNCATED: 'unknown',
  NOT_STAGED: 'refused',
  DISK_FULL: 'failed',
  FOREIGN_UNIT: 'refused',
  STOP_FAILED: 'failed',
  START_FAILED: 'failed',
  PROXY_REFUSED: 'input',
  NOT_AS_EXPECTED: 'failed',
  LEASE_LAPSED: 'refused',
  // A change that a reboot ended without a word, a systemd that did not answer: seldom a defect, and mostly gone the next time.
  INTERNAL: 'failed',
};

/** The class of an error, the host's own code taken into account where there is one. */
export function classOf(code: ErrorCode, hostCode?: HostErrorCode): ErrorClass {
  return hostCode === undefined ? ERRORS[code].class : HOST_ERROR_CLASS[hostCode];
}
