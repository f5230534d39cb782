import type { HashedPlan } from '../domain/plan.js';
import { completed, type Policy } from '../domain/policy.js';
import { outdated } from '../domain/approval.js';
import { countPreflight, refusalOf, type PreflightReport } from '../domain/preflight.js';
import { describeProvenance } from '../domain/provenance.js';
import { describeRelease } from '../domain/release.js';
import type { RecordedDecision } from '../domain/run.js';
import type { Hold } from '../domain/switches.js';
import type { Validated } from '../activities/validate.js';
import { steps } from './activities.js';
import { approval } from './approval.js';
import { coded } from './failures.js';
import { stepBack, takePlace } from './queue-place.js';
import type { Run } from './run.js';
import { audited } from './trail.js';
import { counted, withTries } from './tries.js';

/** What a request that is in order goes by. */
export interface Valid {
  readonly policy: Policy;
  /** It would be held back now, and is not to wait for anybody to be told. */
  readonly isHeld: boolean;
}

/** Judges what was asked for, before it may take anybody's place: version, release, checksums, secrets, origin. */
export async function validate(run: Run): Promise<Valid> {
  const { release, policy, provenance, isHeld, preflight } = await run.board.step(
    'validate',
    [],
    async () => {
      const validated = await steps.validate.executeWithOptions(
        { startToCloseTimeout: '10m', summary: `release ${run.request.version}` },
        [run.checked ? { ...run.request, preflight: true } : run.request],
      );
      if (!('refused' in validated)) return validated;
      run.preflight = validated.refused;
      throw refusedBy(validated.refused);
    },
    (validated) => describeValidated(validated),
  );
  run.preflight = preflight ?? null;
  run.release = release;
  run.provenance = provenance ?? null;
  return { policy: completed(policy), isHeld: isHeld ?? false };
}

function refusedBy(report: PreflightReport): Error {
  const refusal = refusalOf(report) ?? {
    code: 'INTERNAL',
    message: 'The preflight refused, and did not say why.',
  };
  return coded({ ...refusal, step: 'validate' });
}

function describeValidated({ provenance, preflight }: Validated): string {
  const looks = preflight ? [`Preflight (${preflight.level}): ${countPreflight(preflight)}.`] : [];
  return [describeProvenance(provenance), ...looks].filter((part) => part !== '').join(' ');
}

async function makePlan(run: Run, policy: Policy, title: string): Promise<Agreed> {
  const { tries, delaySeconds } = policy.retries;
  const captures = run.governed;
  const summary = captures && run.grant ? `${title} and capture` : title;
  const {
    plan,
    epoch,
    captured,
    held = null,
  } = await run.board.step(title, [], () =>
    withTries(counted(tries, delaySeconds), { step: title }, () =>
      steps.plan.executeWithOptions({ startToCloseTimeout: '10m', summary }, [
        {
          request: run.request,
          grant: run.grant,
          ...(captures && { captures }),
          ...(run.checked && { smokes: true }),
        },
      ]),
    ),
  );
  // What was judged, by its checksums and its origin, is what is deployed.
  if (run.governed && run.release !== null && plan.to.digest !== run.release.digest)
    throw coded({
      code: 'RELEASE_CHANGED',
      message: `${plan.to.version} was built again since it was validated.`,
      step: title,
    });
  run.captured = captured ?? false;
  if (run.grant) run.grant = { ...run.grant, epoch };
  run.planHash = plan.hash;
  run.committed = plan.from;
  run.board.planned(plan.from?.version ?? null, plan.hash);
  return { plan, held };
}

/** What it came to: a plan, and what holds it back at present. */
export interface Agreed {
  readonly plan: HashedPlan;
  readonly held: Hold | null;
}

/**
 * Comes to a plan that is approved where policy, or an override, asks for it and still true now that the environment is ours. What
 * changed while waiting voids an approval, and so does its age: the place is given back, and people are asked again. Nobody is
 * asked, and nobody's place is taken, for what is held back or only to be looked at.
 */
export async function agree(run: Run, { policy, isHeld }: Valid): Promise<Agreed> {
  const { override, dryRun = false } = run.request;
  let looksFirst = policy.approval.required || isHeld || override !== undefined || dryRun;
  for (;;) {
    const first = looksFirst ? await makePlan(run, policy, 'plan') : null;
    if (first && (dryRun || (first.held && first.plan.kind !== 'noop'))) return first;
    const isAsked = first !== null && asksFor(policy, first) && first.plan.kind !== 'noop';
    const given = isAsked ? await approval(run, first.plan) : [];
    await takePlace(run, policy.queue);
    const now = await makePlan(run, policy, first ? 'look again' : 'plan');
    const why = asksFor(policy, now) ? whyAgain(now.plan, first?.plan ?? null, given) : null;
    if (why === null || now.plan.kind === 'noop' || now.held) {
      if (!now.held) await tellOverrides(run, now.plan);
      return now;
    }
    run.board.enter('queued', why);
    await stepBack(run, `${why} Approval is asked again.`);
    looksFirst = true;
  }
}

/** The policy of the plan asks for more when it overrides something; that of the run, when the configuration was changed since. */
function asksFor(policy: Policy, { plan }: Agreed): boolean {
  return policy.approval.required || plan.policy.approval.required;
}

/** Why what was approved is not what is at hand; `null`: it is. */
function whyAgain(
  plan: HashedPlan,
  approved: HashedPlan | null,
  given: readonly RecordedDecision[],
): string | null {
  if (plan.hash !== approved?.hash) {
    const { from, overrides = [] } = plan;
    return [`The environment now has ${describeRelease(from)}; the approval is void.`, ...overrides].join(
      ' ',
    );
  }
  const old = outdated(completed(plan.policy).approval, given, Date.now());
  return old.length === 0 ? null : `The approval by ${old.join(', ')} is too old by now and void.`;
}

async function tellOverrides(run: Run, { overrides = [], hash, kind }: HashedPlan): Promise<void> {
  if (overrides.length === 0 || kind === 'noop') return;
  const { deploymentId, requestedBy, override = '' } = run.request;
  await audited(run, {
    key: `${deploymentId}/overridden/${hash}`,
    by: requestedBy,
    identity: 'claimed',
    action: 'overridden',
    reason: override,
    planHash: hash,
    outcome: null,
  });
}
