import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import {
  describeApprovals,
  isComplete,
  isPersonsName,
  objection,
  objectionToForm,
  type ApprovalSubject,
  type Verdict,
} from '../domain/approval.js';
import type { ErrorCode } from '../domain/errors.js';
import type { HashedPlan } from '../domain/plan.js';
import { completed, type ApprovalPolicy } from '../domain/policy.js';
import type { Decision, RecordedDecision } from '../domain/run.js';
import { verifications } from './activities.js';
import { coded, failureOf } from './failures.js';
import type { Run } from './run.js';
import { audited } from './trail.js';

/** How long a run that is over waits for decisions that are still being judged or kept, in milliseconds. */
const LAST_WORDS_MS = 10_000;

const STOPPED = 'This run waits for approval no more.';
const DECIDED = 'This plan was decided already.';

/** One time of asking people for approval of one plan: who has said what, and what is still missing. */
export class Asking {
  readonly policy: ApprovalPolicy;
  readonly subject: ApprovalSubject;
  /** Those that count. */
  readonly approvals: RecordedDecision[] = [];
  rejection: RecordedDecision | null = null;
  private isOver = false;
  /** How many decisions are being judged or kept at this moment. */
  private open = 0;
  private keeping = 0;
  private readonly looks = new CancellationScope();

  constructor(
    private readonly run: Run,
    plan: HashedPlan,
  ) {
    run.asked += 1;
    this.policy = completed(plan.policy).approval;
    const { deploymentId } = run.request;
    this.subject = { ...run.target, deploymentId, planHash: plan.hash, round: run.asked };
  }

  get isDecided(): boolean {
    return this.rejection !== null || isComplete(this.policy, this.approvals);
  }

  /** The trail has everything that was accepted. */
  get isKept(): boolean {
    return this.keeping === 0;
  }

  /** Why nothing can be decided any more; `null` while something can. */
  private whyOver(): string | null {
    if (this.isDecided) return DECIDED;
    return this.isOver || this.looks.consideredCancelled ? STOPPED : null;
  }

  describe(): string {
    const plan = `Waiting for approval of plan ${this.subject.planHash.slice(0, 12)}`;
    return `${plan}: ${describeApprovals(this.policy, this.approvals)}.`;
  }

  /** Why a decision is refused, as far as it can be said at once; `null` when it is in order. */
  objection(verdict: Verdict, said: Decision): string | null {
    const over = this.whyOver();
    if (over !== null) return over;
    const { policy, approvals } = this;
    const { planHash } = this.subject;
    const state = { planHash, policy, approvals, requestedBy: this.run.request.requestedBy };
    const decision = trimmed(said);
    return objectionToForm(verdict, decision) ?? objection(verdict, decision, state);
  }

  /**
   * Takes a decision, or refuses it; judged again after its signature was looked at, since meanwhile others may have decided.
   * @throws ApplicationFailure with a sentence for who sent it
   */
  async decide(verdict: Verdict, said: Decision): Promise<RecordedDecision> {
    this.open += 1;
    try {
      this.assertInOrder(verdict, said);
      // Not as a whole: whatever else was sent must not stand in the record.
      const { by, comment, signature } = trimmed(said);
      const isClaim = verdict === 'rejected' || signature === undefined;
      if (isClaim) return await this.accept({ by, comment, verdict, identity: 'claimed' });
      const { key } = await this.proven(by, signature);
      this.assertInOrder(verdict, said);
      this.assertNewKey(key);
      return await this.accept({ by, comment, signature, verdict, identity: 'signed', key });
    } finally {
      this.open -= 1;
    }
  }

  private assertInOrder(verdict: Verdict, said: Decision): void {
    const problem = this.objection(verdict, said);
    if (problem !== null) throw refusal('REQUEST_INVALID', problem);
  }

  /** Who has one key is one person, whatever names it is listed under. */
  private assertNewKey(key: string): void {
    const same = this.approvals.find((approval) => approval.key === key);
    if (same) throw refusal('SIGNATURE_REFUSED', `The key ${key} has approved already, for ${same.by}.`);
  }

  private async proven(by: string, signature: string): Promise<{ readonly key: string }> {
    try {
      const signed = { subject: this.subject, by, signature };
      return await this.looks.run(() =>
        verifications.verifyApproval.executeWithOptions({ summary: `signature of ${by}` }, [signed]),
      );
    } catch (error) {
      if (isCancellation(error)) throw refusal('REQUEST_INVALID', this.whyOver() ?? STOPPED);
      const { code, message } = failureOf(error);
      throw code === 'STEP_TIMEOUT'
        ? refusal('SIGNATURE_NOT_JUDGED', 'The signature could not be verified: no worker did so in time.')
        : refusal(code, message);
    }
  }

  private async accept(decision: Omit<RecordedDecision, 'at' | 'planHash'>): Promise<RecordedDecision> {
    const { planHash, deploymentId, round } = this.subject;
    const recorded = { ...decision, at: new Date().toISOString(), planHash };
    const { verdict } = recorded;
    this.take(recorded);
    this.keeping += 1;
    try {
      await audited(this.run, {
        key: `${verdict} ${deploymentId} ${round} ${recorded.by}`,
        by: recorded.by,
        identity: recorded.identity ?? 'claimed',
        action: verdict,
        reason: recorded.comment,
        planHash,
        outcome: null,
      });
    } catch (error) {
      // What the trail does not have must not count, least of all when its sender is told that it failed.
      this.takeBack(recorded);
      throw error;
    } finally {
      this.keeping -= 1;
    }
    if (!this.isDecided) this.run.board.enter('awaiting-approval', this.describe());
    return recorded;
  }

  private take(recorded: RecordedDecision): void {
    if (recorded.verdict === 'rejected') this.rejection = recorded;
    else this.approvals.push(recorded);
    this.run.decisions.push(recorded);
  }

  private takeBack(recorded: RecordedDecision): void {
    if (this.rejection === recorded) this.rejection = null;
    for (const list of [this.approvals, this.run.decisions]) {
      const index = list.indexOf(recorded);
      if (index >= 0) list.splice(index, 1);
    }
  }

  /** Shows that somebody's decision was refused; their name may be anything. */
  showRefused(said: Decision, problem: string): void {
    if (this.whyOver() !== null) return;
    const who = isPersonsName(said.by) && !problem.includes(said.by) ? ` by ${said.by}` : '';
    this.run.board.enter('awaiting-approval', `${this.describe()} A decision${who} was refused: ${problem}`);
  }

  /**
   * Nothing is decided any more. Whoever still waits for an answer is given one: no signature is looked at any longer, and what was
   * accepted is kept; but a run that is over does not wait for long.
   */
  async close(): Promise<void> {
    this.isOver = true;
    this.looks.cancel();
    if (this.open === 0) return;
    await CancellationScope.nonCancellable(() => condition(() => this.open === 0, LAST_WORDS_MS));
  }
}

/** Blanks around a name come with copying it. */
function trimmed(said: Decision): Decision {
  const { by } = (said as Partial<Decision> | null) ?? {};
  return typeof by === 'string' ? { ...said, by: by.trim() } : said;
}

function refusal(code: ErrorCode, message: string): Error {
  return coded({ code, message });
}
