import type { ApprovalPolicy } from './policy.js';
import { isLine } from './request.js';
import type { Decision, RecordedDecision } from './run.js';

/** What an approval is about: one plan of one run, at one time of asking. */
export interface ApprovalSubject {
  readonly application: string;
  readonly environment: string;
  readonly deploymentId: string;
  readonly planHash: string;
  /** From 1: how often people have been asked in this run. What was said before an approval became void counts no more. */
  readonly round: number;
}

/** Everything that decisions on a plan are judged by. */
export interface ApprovalState {
  readonly planHash: string;
  readonly policy: ApprovalPolicy;
  readonly requestedBy: string;
  /** Those that count for this plan so far. */
  readonly approvals: readonly RecordedDecision[];
}

export type Verdict = RecordedDecision['verdict'];

/** Namespace of the signatures, so that none which was made for something else passes for an approval. */
export const SIGNATURE_NAMESPACE = 'safeguard-approval';

/** Longest signature that is looked at, in characters; one of a 16384-bit RSA key has about 5 900. */
export const SIGNATURE_LIMIT = 8_192;

/** Longest comment that is kept, in characters. */
export const COMMENT_LIMIT = 2_000;

const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;

/** True for a name that can stand in a statement: one line of at most 200 characters, all of which can be seen. */
export function isPersonsName(name: unknown): name is string {
  return isLine(name) && name === name.trim() && name !== '' && !INVISIBLE.test(name);
}

/** What two spellings of one person's name have in common. */
function person(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** True when two names are one person's: blanks around them and capitals make no other. */
export function isSamePerson(one: string, other: string): boolean {
  return person(one) === person(other);
}

/**
 * The text that an approval's signature is made over, ending with a line break. It names the run, so that a signature is of no
 * use for another one.
 */
export function approvalStatement(subject: ApprovalSubject, by: string): string {
  const { application, environment, deploymentId, planHash, round } = subject;
  return [
    'safeguard approval v1',
    `application: ${application}`,
    `environment: ${environment}`,
    `deployment: ${deploymentId}`,
    `plan: ${planHash}`,
    `round: ${round}`,
    'verdict: approved',
    `by: ${by}`,
    '',
  ].join('\n');
}

function isMember({ members }: ApprovalPolicy['groups'][string], name: string): boolean {
  return members.some((member) => isSamePerson(member, name));
}

/** One approval of each person. */
function people(approvals: readonly RecordedDecision[]): string[] {
  const names = approvals.filter(({ verdict }) => verdict === 'approved').map(({ by }) => by);
  return names.filter((name, index) => names.findIndex((other) => isSamePerson(name, other)) === index);
}

/** How many are missing of each group that is not complete, and how many of anybody beside them. */
function shortages({ count, groups }: ApprovalPolicy, approvals: readonly RecordedDecision[]): Shortages {
  const names = people(approvals);
  const ofGroups = Object.entries(groups)
    .map(([group, asked]) => ({
      group,
      missing: Math.max(0, asked.count - names.filter((name) => isMember(asked, name)).length),
    }))
    .filter(({ missing }) => missing > 0);
  const inGroups = ofGroups.reduce((sum, { missing }) => sum + missing, 0);
  return { ofGroups, others: Math.max(0, count - names.length - inGroups), given: names.length };
}

interface Shortages {
  readonly ofGroups: readonly { readonly group: string; readonly missing: number }[];
  readonly others: number;
  /** How many people have approved. */
  readonly given: number;
}

/** True when enough different people have approved, and enough of each group among them. */
export function isComplete(policy: ApprovalPolicy, approvals: readonly RecordedDecision[]): boolean {
  const { ofGroups, others } = shortages(policy, approvals);
  return ofGroups.length === 0 && others === 0;
}

/** What is still missing, in words: `1 by a member of dba, 1 by anybody`; empty when nothing is. */
export function missing(policy: ApprovalPolicy, approvals: readonly RecordedDecision[]): string {
  const { ofGroups, others } = shortages(policy, approvals);
  const byGroup = ofGroups.map(({ group, missing: so }) =>
    so === 1 ? `1 by a member of ${group}` : `${so} by members of ${group}`,
  );
  const rest = others === 0 ? [] : [ofGroups.length === 0 ? `${others} more` : `${others} by anybody`];
  return [...byGroup, ...rest].join(', ');
}

/** How far an approval is: `1 of 2 approvals (ada, signed); missing: 1 by a member of dba`. */
export function describeApprovals(policy: ApprovalPolicy, approvals: readonly RecordedDecision[]): string {
  const { ofGroups, others, given } = shortages(policy, approvals);
  const needed = given + others + ofGroups.reduce((sum, { missing: so }) => sum + so, 0);
  const who = approvals.map(({ by, identity }) => `${by}, ${identity ?? 'claimed'}`).join('; ');
  const what = `${given} of ${needed} ${needed === 1 ? 'approval' : 'approvals'}${who === '' ? '' : ` (${who})`}`;
  const rest = missing(policy, approvals);
  return rest === '' ? what : `${what}; missing: ${rest}`;
}

/**
 * Who is in no group can add to the number of approvals only where more are asked for than by the groups together; elsewhere
 * such an approval would look like progress and be none.
 */
function isOutsider({ groups, count }: ApprovalPolicy, name: string): boolean {
  const asked = Object.values(groups);
  if (asked.length === 0 || asked.some((group) => isMember(group, name))) return false;
  return count <= asked.reduce((sum, group) => sum + group.count, 0);
}

function objectionToSignature(signature: unknown): string | null {
  if (signature === undefined) return null;
  if (typeof signature !== 'string') return 'signature is the text that ssh-keygen -Y sign prints.';
  if (signature.length > SIGNATURE_LIMIT)
    return `A signature has at most ${SIGNATURE_LIMIT} characters; this one has ${signature.length}.`;
  return null;
}

/** What is wrong with the form of a decision, or `null`. Anybody may send any JSON. */
export function objectionToForm(verdict: Verdict, decision: Decision): string | null {
  const said = decision as Partial<Record<keyof Decision, unknown>> | null | undefined;
  if (!said?.by) return 'Say who decides: {"by": "name"}.';
  if (!isPersonsName(said.by)) return 'by is a name: one line of at most 200 characters that can be seen.';
  if (typeof said.comment !== 'string' || said.comment.length > COMMENT_LIMIT)
    return `comment is a text of at most ${COMMENT_LIMIT} characters.`;
  if (verdict === 'rejected' && said.comment.trim() === '')
    return 'Say why it is rejected: {"comment": "…"}.';
  if (said.planHash !== undefined && typeof said.planHash !== 'string') return 'planHash is a text.';
  return objectionToSignature(said.signature);
}

/** Why a decision of good form on a plan is refused, as far as it can be judged without a look at its signature; or `null`. */
export function objection(verdict: Verdict, decision: Decision, state: ApprovalState): string | null {
  const { by, planHash, signature } = decision;
  const { policy, requestedBy, approvals } = state;
  if (planHash !== undefined && planHash !== state.planHash)
    return `This is about plan ${planHash.slice(0, 12)}, but plan ${state.planHash.slice(0, 12)} is waiting.`;
  // Whoever stops a run does no harm by it, so nothing else is asked for.
  if (verdict === 'rejected') return null;
  if (policy.fourEyes && isSamePerson(by, requestedBy))
    return `${by} asked for this run and can't approve it too (four eyes).`;
  if (approvals.some((approval) => isSamePerson(approval.by, by)))
    return `${by} has approved this plan already.`;
  if (isOutsider(policy, by))
    return `${by} is in none of the groups that have to approve: ${Object.keys(policy.groups).join(', ')}.`;
  if (policy.signatures === 'required' && signature === undefined)
    return `Approvals have to be signed here, and this one by ${by} is not: safeguard approve --sign <key>.`;
  return null;
}

/** Who approved so long ago that it counts no more at `now` (milliseconds); empty while every approval is valid. */
export function outdated(
  { validSeconds }: ApprovalPolicy,
  approvals: readonly RecordedDecision[],
  now: number,
): string[] {
  if (validSeconds === null) return [];
  return approvals
    .filter(({ verdict, at }) => verdict === 'approved' && Date.parse(at) + validSeconds * 1000 < now)
    .map(({ by }) => by);
}
