import { COMMENT_LIMIT, type ApprovalSubject } from '../../domain/approval.js';
import { SafeguardError } from '../../domain/errors.js';
import type { Progress } from '../../domain/progress.js';
import type { RecordedDecision } from '../../domain/run.js';
import { decide, fullHash, waitingRun } from '../decisions.js';
import { runProgress, type Place } from '../environments.js';
import { oneLine } from '../one-line.js';
import { actor, type GlobalOptions } from '../options.js';
import { namedRun, type RunRef } from '../runs.js';
import { isAway, withSession, type Session } from '../session.js';
import { personsName, signatureIn, signWith, statementOf } from '../signing.js';
import type { Terminal } from '../terminal.js';
import { printable } from '../view/printable.js';
import { placeOf } from './place.js';

/** Options of `safeguard approve` and `safeguard reject`. */
export interface DecideOptions extends GlobalOptions {
  readonly id?: string;
  /** Required by the command line, except where only a statement is asked for. */
  readonly comment?: string;
  readonly by?: string;
  readonly plan?: string;
  /** File of a private key, or of a public one whose private part an agent has. */
  readonly sign?: string;
  /** File of a signature that was made elsewhere. */
  readonly signature?: string;
}

/** A run that waits, and the plan that is decided on. */
interface Question {
  readonly session: Session;
  readonly place: Place;
  readonly run: RunRef;
  readonly progress: Progress;
  readonly planHash: string | undefined;
}

async function question(session: Session, place: Place, options: DecideOptions): Promise<Question> {
  const run = await (options.id === undefined
    ? waitingRun(session, place)
    : namedRun(session, place, options.id));
  const progress = await runProgress(session, place.application, run.workflowId);
  return { session, place, run, progress, planHash: fullHash(options.plan, progress.planHash) };
}

/** Only what waits now can be signed: a signature over anything else would be of no use to anybody but a thief. */
function subjectOf({ place, run, progress, planHash }: Question): ApprovalSubject {
  if (planHash === undefined || planHash !== progress.planHash)
    throw new SafeguardError(
      'REQUEST_INVALID',
      planHash === undefined || progress.planHash === null
        ? `${run.deploymentId} has no plan yet.`
        : `Plan ${planHash.slice(0, 12)} does not wait for approval; ${progress.planHash.slice(0, 12)} does.`,
    );
  const { application, environment } = place;
  return {
    application,
    environment,
    deploymentId: run.deploymentId,
    planHash,
    round: progress.approval?.round ?? 1,
  };
}

/** The signature that goes with an approval, if any; what is signed here is shown before. */
async function signatureFor(
  asked: Question,
  by: string,
  terminal: Terminal,
  { sign, signature }: DecideOptions,
): Promise<string | undefined> {
  if (signature !== undefined) return signatureIn(signature);
  if (sign === undefined) return undefined;
  const statement = statementOf(subjectOf(asked), by);
  terminal.err(`Signing with ${sign}:`);
  for (const line of statement.trimEnd().split('\n')) terminal.err(`  ${printable(line)}`);
  return signWith(sign, statement);
}

/** `safeguard approve` and `safeguard reject`: a decision on the very plan that is shown here, and no other. */
export async function decideOn(
  terminal: Terminal,
  verdict: 'approve' | 'reject',
  environment: string,
  options: DecideOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const by = personsName(actor(options.by).trim());
  const comment = oneLine('--comment', options.comment ?? '', COMMENT_LIMIT);
  return withSession(options, async (session) => {
    const asked = await question(session, place, options);
    const { run, planHash } = asked;
    const signature = verdict === 'approve' ? await signatureFor(asked, by, terminal, options) : undefined;
    const recorded = await decide(session, run, verdict, {
      by,
      comment,
      ...(planHash === undefined ? {} : { planHash }),
      ...(signature === undefined ? {} : { signature }),
    });
    if (options.json) terminal.out(JSON.stringify({ deploymentId: run.deploymentId, ...recorded }));
    else await tell(terminal, asked, recorded);
    return 0;
  });
}

async function tell(terminal: Terminal, asked: Question, recorded: RecordedDecision): Promise<void> {
  const { run, progress } = asked;
  const { verdict, by, identity, comment, planHash } = recorded;
  terminal.out(
    `${run.deploymentId} was ${verdict} by ${printable(by)} (${identity ?? 'claimed'}): ${printable(comment, COMMENT_LIMIT)}`,
  );
  terminal.out(`  plan ${planHash}: ${progress.from ?? 'nothing'} → ${progress.version}`);
  const still = verdict === 'approved' ? await stillMissing(asked) : '';
  if (still !== '') terminal.out(`  ${printable(still)}`);
}

/** What the run waits for now. The decision is given: nobody's being away makes it fail any more. */
async function stillMissing({ session, place, run }: Question): Promise<string> {
  try {
    const { phase, message } = await runProgress(session, place.application, run.workflowId);
    return phase === 'awaiting-approval' ? message : '';
  } catch (error) {
    if (isAway(error)) return 'How far the approval is could not be asked.';
    throw error;
  }
}

/** `safeguard approve --print-statement`: what has to be signed, and nothing else, so that it can be signed elsewhere. */
export async function printStatement(
  terminal: Terminal,
  environment: string,
  options: DecideOptions,
): Promise<number> {
  const place = placeOf(options, environment);
  const by = personsName(actor(options.by).trim());
  return withSession(options, async (session) => {
    const statement = statementOf(subjectOf(await question(session, place, options)), by);
    // As a line of output it ends with the line break that it has anyway.
    terminal.out(options.json ? JSON.stringify({ statement }) : statement.trimEnd());
    return 0;
  });
}
