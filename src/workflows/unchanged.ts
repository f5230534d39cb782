import type { ErrorCode } from '../domain/errors.js';
import { describePlan, type HashedPlan } from '../domain/plan.js';
import type { Rehearsed } from '../domain/rehearsal.js';
import { wayToLift, type Hold } from '../domain/switches.js';
import type { Ending } from './ending.js';
import type { Run } from './run.js';

const CODES = {
  disabled: 'ENVIRONMENT_DISABLED',
  paused: 'ENVIRONMENT_PAUSED',
  freeze: 'ENVIRONMENT_FROZEN',
  window: 'ENVIRONMENT_FROZEN',
} as const satisfies Record<Hold['kind'], ErrorCode>;

/** All that changes nothing was done, and nothing was changed: the environment takes no deployments at present. */
export function heldBack({ target }: Run, plan: HashedPlan, held: Hold): Ending {
  const { environment } = target;
  const message =
    `Nothing was changed: ${environment} is ${held.sentence}. It would have gone ${describePlan(plan)}. ` +
    `To go on: ${wayToLift(environment, held)}`;
  return { outcome: 'HELD_BACK', message, failure: { code: CODES[held.kind], message }, plan };
}

/** All that was asked for was a look. */
export function onlyLooked(
  { target, request }: Run,
  plan: HashedPlan,
  held: Hold | null,
  rehearsal: readonly Rehearsed[],
): Ending {
  const { environment } = target;
  const conditions = [
    ...(held ? [`At present it would be held back: ${environment} is ${held.sentence}.`] : []),
    ...(plan.overrides ?? []),
    ...(!held && plan.policy.approval.required ? ['It would wait for approval.'] : []),
    ...(held && request.override !== undefined ? ['The override does not lift that.'] : []),
  ];
  const message = [`Nothing was changed: ${environment} would go ${describePlan(plan)}.`, ...conditions];
  const shown = rehearsal.length > 0 ? { rehearsal } : {};
  return { outcome: 'DRY_RUN', message: message.join(' '), failure: null, plan, ...shown };
}
