import { patched } from '@temporalio/workflow';

/**
 * True for runs that were begun by a version of this code in which hosts vote before a commit, hold leases, keep forensics and
 * settle the schema on the way back. Runs from before go on as they began; `test/replay` holds some of them.
 */
export function isWhole(): boolean {
  // Who is governed is whole too; one marker in the history is enough.
  return isGoverned() || patched('whole-transactions');
}

/**
 * True for workflows that were begun by a version of this code in which environments have switches, a trail and a queue with limits
 * and continue as new while they are held, and in which a normal deployment leaves fewer events. Who asks when it begins keeps the
 * answer (`Run.governed`): what it began as it stays.
 */
export function isGoverned(): boolean {
  return isLean() || patched('governed-environments');
}

/** True for runs that were begun by a version of this code in which what ends with a run by itself is not ended one by one. */
export function isLean(): boolean {
  return isChecked() || patched('lean-endings');
}

/**
 * True for runs that were begun by a version of this code in which a preflight comes before the first change, smoke tests come after the
 * health checks, and what a failure leaves is kept with the record.
 */
export function isChecked(): boolean {
  return patched('checked-releases');
}

/** True for recoveries that were begun by a version of this code in which a dry run that is refused says so in its search attributes. */
export function endsDryRunsOpenly(): boolean {
  return patched('open-dry-runs');
}
