import type { ApprovalSubject } from './approval.js';
import type { ApprovalPolicy } from './policy.js';

/** One word of a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What the signal `approve` takes, with the words in capitals to be filled in; with blanks, so that it wraps where there is little room. */
export function approvalInput(planHash: string): string {
  return `{"by": "NAME", "comment": "WHY", "planHash": "${planHash}"}`;
}

/**
 * Command lines that approve a plan, to be copied: with `safeguard`, and where a name that nothing proves is enough also with
 * Temporal's own command line.
 */
export function approvalCommands(
  { signatures }: ApprovalPolicy,
  { environment, deploymentId, planHash }: ApprovalSubject,
  workflowId: string,
): string[] {
  const approve = `safeguard approve ${environment} --id ${deploymentId} --plan ${planHash.slice(0, 12)} --by NAME --comment WHY`;
  if (signatures === 'required') return [`${approve} --sign KEYFILE`];
  const input = approvalInput(planHash);
  return [
    approve,
    `temporal workflow signal --workflow-id ${quoted(workflowId)} --name approve --input ${quoted(input)}`,
  ];
}
