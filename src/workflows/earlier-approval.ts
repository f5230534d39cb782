import { condition, setHandler } from '@temporalio/workflow';
import type { HashedPlan } from '../domain/plan.js';
import type { Decision, RecordedDecision } from '../domain/run.js';
import { coded } from './failures.js';
import * as messages from './messages.js';
import type { Run } from './run.js';

type Verdict = RecordedDecision['verdict'];

/** Why a decision on a plan is refused; `null` when it is in order. */
function objection(run: Run, plan: HashedPlan, verdict: Verdict, decision: Decision): string | null {
  if (!decision.by) return 'Say who decides: {"by": "name"}.';
  if (decision.planHash !== undefined && decision.planHash !== plan.hash) {
    return `This is about plan ${decision.planHash.slice(0, 12)}, but plan ${plan.hash.slice(0, 12)} is waiting.`;
  }
  const own = decision.by === run.request.requestedBy;
  if (verdict === 'approved' && own && plan.policy.approval.fourEyes) {
    return `${decision.by} asked for this run and can't approve it too (four eyes).`;
  }
  return null;
}

/**
 * Approval as it was before it could be signed, given by many, or grow old: for runs that began to wait for it then, which must find
 * every command where it was. One claimed word decides.
 * @throws ApplicationFailure REJECTED, APPROVAL_TIMEOUT
 */
export async function earlierApproval(run: Run, plan: HashedPlan): Promise<void> {
  let decided: RecordedDecision | null = null;
  const accept = (verdict: Verdict, decision: Decision): RecordedDecision => {
    const recorded = { ...decision, verdict, at: new Date().toISOString(), planHash: plan.hash };
    decided ??= recorded;
    if (decided === recorded) run.decisions.push(recorded);
    return decided;
  };
  const validator = (verdict: Verdict) => (decision: Decision) => {
    const problem = decided ? 'This plan was decided already.' : objection(run, plan, verdict, decision);
    if (problem) throw new Error(problem);
  };
  const claimed = (verdict: Verdict) => (said?: Partial<Decision>) => {
    if (decided) return;
    const decision: Decision = { ...said, by: said?.by ?? '', comment: said?.comment ?? '' };
    const problem = objection(run, plan, verdict, decision);
    if (problem) run.board.enter('awaiting-approval', `A decision was refused: ${problem}`);
    else accept(verdict, decision);
  };
  setHandler(messages.approve, (decision) => accept('approved', decision), {
    validator: validator('approved'),
  });
  setHandler(messages.reject, (decision) => accept('rejected', decision), {
    validator: validator('rejected'),
  });
  setHandler(messages.approveSignal, claimed('approved'));
  setHandler(messages.rejectSignal, claimed('rejected'));

  run.board.enter('awaiting-approval', `Waiting for approval of plan ${plan.hash.slice(0, 12)}.`);
  const inTime = await condition(() => decided !== null, plan.policy.approval.timeoutSeconds * 1000);
  if (!inTime) {
    throw coded({
      code: 'APPROVAL_TIMEOUT',
      message: `Nobody approved within ${plan.policy.approval.timeoutSeconds} s.`,
    });
  }
  assertApproved(run);
}

function assertApproved(run: Run): void {
  const last = run.decisions.at(-1);
  if (last?.verdict === 'approved') return;
  throw coded({ code: 'REJECTED', message: `Rejected by ${last?.by ?? 'nobody'}: ${last?.comment ?? ''}` });
}
