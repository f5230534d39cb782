import { patched } from '@temporalio/workflow';

/**
 * True for runs that were begun by a version of this code in which hosts vote before a commit, hold leases, keep forensics and
 * settle the schema on the way back. Runs from before go on as they began; `test/replay` holds some of them.
 */
export function isWhole(): boolean {
  return patched('whole-transactions');
}

/** True for runs that were begun by a version of this code in which environments keep an audit trail and are governed by switches. */
export function isGoverned(): boolean {
  return patched('governed-environments');
}
