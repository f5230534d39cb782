import { condition, setHandler } from '@temporalio/workflow';
import { approvalCommands } from '../domain/approval-commands.js';
import type { Verdict } from '../domain/approval.js';
import type { HashedPlan } from '../domain/plan.js';
import type { Decision, RecordedDecision } from '../domain/run.js';
import { Asking } from './asking.js';
import { approveOf, REJECT } from './descriptions.js';
import { coded, failureOf } from './failures.js';
import { earlierApproval } from './earlier-approval.js';
import * as messages from './messages.js';
import type { Run } from './run.js';
import { isGoverned } from './versions.js';

/**
 * Waits until enough people have approved this very plan. Decisions come as updates, which refuse bad ones to the caller's face,
 * or as plain signals, whose bad ones are shown on the board. Answers the approvals that counted.
 * @throws ApplicationFailure REJECTED, APPROVAL_TIMEOUT
 */
export async function approval(run: Run, plan: HashedPlan): Promise<readonly RecordedDecision[]> {
  if (!isGoverned()) {
    await earlierApproval(run, plan);
    return [];
  }
  const asking = new Asking(run, plan);
  const { policy, subject } = asking;
  handleDecisions(asking);
  const commands = approvalCommands(policy, subject, run.workflowId);
  run.board.asking({ round: subject.round, signatures: policy.signatures, commands });
  run.board.enter('awaiting-approval', asking.describe());
  try {
    const timer = { summary: 'approval runs out' };
    if (!(await condition(() => asking.isDecided && asking.isKept, policy.timeoutSeconds * 1000, timer)))
      throw coded({
        code: 'APPROVAL_TIMEOUT',
        message: `Nobody approved within ${policy.timeoutSeconds} s.`,
      });
    assertApproved(asking);
    return asking.approvals;
  } finally {
    await asking.close();
    run.board.asking(null);
  }
}

function handleDecisions(asking: Asking): void {
  const answered = (verdict: Verdict) => async (decision: Decision) => {
    try {
      return await asking.decide(verdict, decision);
    } catch (error) {
      asking.showRefused(decision, failureOf(error).message);
      throw error;
    }
  };
  const validator = (verdict: Verdict) => (decision: Decision) => {
    const problem = asking.objection(verdict, decision);
    if (problem !== null) throw new Error(problem);
  };
  const told = (verdict: Verdict) => async (said?: Partial<Decision>) => {
    const decision: Decision = { ...said, by: said?.by ?? '', comment: said?.comment ?? '' };
    await asking.decide(verdict, decision).catch((error: unknown) => {
      asking.showRefused(decision, failureOf(error).message);
    });
  };
  setHandler(messages.approve, answered('approved'), { validator: validator('approved') });
  setHandler(messages.reject, answered('rejected'), { validator: validator('rejected') });
  setHandler(messages.approveSignal, told('approved'), approveOf(asking.policy));
  setHandler(messages.rejectSignal, told('rejected'), REJECT);
}

function assertApproved({ rejection }: Asking): void {
  if (rejection === null) return;
  const { by, comment } = rejection;
  throw coded({ code: 'REJECTED', message: `Rejected by ${by}: ${comment}` });
}
