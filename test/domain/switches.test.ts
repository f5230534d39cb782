import { describe, expect, test } from '@jest/globals';
import { holdOf, judged } from '../../src/domain/holds.js';
import {
  current,
  describeSwitches,
  NOTHING_SWITCHED,
  wayToLift,
  type Switches,
  type SwitchWish,
} from '../../src/domain/switches.js';
import { objectionToSwitch, switched } from '../../src/domain/switching.js';
import { ALWAYS } from '../../src/domain/windows.js';
import { policy, request } from './release-fixtures.js';

const NOW = '2026-11-21T12:00:00Z';
const SAID = { by: 'ada', reason: 'the sale' };

function frozenUntil(id: string, until: string): SwitchWish {
  return { kind: 'freeze', ...SAID, id, from: '2026-11-21T11:00:00Z', until };
}

function after(...wishes: readonly SwitchWish[]): Switches {
  return wishes.reduce((switches, wish) => switched(switches, wish, NOW), NOTHING_SWITCHED);
}

describe('what is over', () => {
  const switches = after(
    { kind: 'disable', ...SAID, until: '2026-11-21T13:00:00Z' },
    frozenUntil('short', '2026-11-21T13:00:00Z'),
    frozenUntil('long', '2026-11-22T13:00:00Z'),
  );

  test('counts as off from its very moment on', () => {
    const hold = (iso: string) => holdOf(switches, ALWAYS, Date.parse(iso));
    expect(hold('2026-11-21T12:59:59.999Z')).toMatchObject({
      kind: 'disabled',
      until: '2026-11-22T13:00:00.000Z',
    });
    expect(hold('2026-11-21T13:00:00Z')).toMatchObject({ kind: 'freeze', id: 'long' });
    expect(hold('2026-11-22T13:00:00Z')).toBeNull();
  });

  test('is forgotten with the next change', () => {
    expect(current(switches, '2026-11-21T14:00:00Z')).toMatchObject({
      disabled: null,
      freezes: [{ id: 'long' }],
    });
    const next = switched(switches, { kind: 'pause', ...SAID, until: null }, '2026-11-21T14:00:00Z');
    expect(next).toMatchObject({ disabled: null, paused: { by: 'ada' }, freezes: [{ id: 'long' }] });
    const enable: SwitchWish = { kind: 'enable', ...SAID };
    expect(objectionToSwitch(switches, enable, NOW)).toBeNull();
    expect(objectionToSwitch(switches, enable, '2026-11-21T14:00:00Z')).toMatch(/^It is enabled/);
  });
});

test('all that holds is said, the strongest first', () => {
  const switches = after(frozenUntil('sale', '2026-11-22T13:00:00Z'), {
    kind: 'disable',
    ...SAID,
    until: null,
  });
  expect(holdOf(switches, ALWAYS, Date.parse(NOW))).toEqual({
    kind: 'disabled',
    sentence:
      'disabled by ada since 2026-11-21 12:00 UTC, until somebody enables it: the sale; it is also frozen by ada since 2026-11-21 11:00 UTC, until 2026-11-22 13:00 UTC: the sale',
    until: null,
  });
});

test('each switch names the command that lifts it', () => {
  const switches = after(
    { kind: 'disable', ...SAID, until: null },
    { kind: 'pause', ...SAID, until: null },
    frozenUntil('sale', '2026-11-22T13:00:00Z'),
  );
  expect(describeSwitches('prod', switches).map(({ lift }) => lift)).toEqual([
    "safeguard enable prod --reason '…'",
    "safeguard resume-all --reason '…'",
    "safeguard unfreeze prod sale --reason '…'",
  ]);
  expect(wayToLift('prod', { kind: 'window' })).toContain('--override');
});

test('a freeze that is known already, and one too many, are refused', () => {
  const one = after(frozenUntil('sale', '2026-11-22T13:00:00Z'));
  expect(objectionToSwitch(one, frozenUntil('sale', '2026-11-23T13:00:00Z'), NOW)).toMatch(/already/);
  const many = after(
    ...Array.from({ length: 50 }, (_, index) => frozenUntil(`f-${index}`, '2026-11-22T13:00:00Z')),
  );
  expect(objectionToSwitch(many, frozenUntil('f-50', '2026-11-22T13:00:00Z'), NOW)).toMatch(/50 freezes/);
});

describe('an override', () => {
  const frozen = holdOf(after(frozenUntil('sale', '2026-11-22T13:00:00Z')), ALWAYS, Date.parse(NOW));
  const wish = request({ override: 'they can not pay' });

  test('of the calendar asks for one approval by somebody else at least, and keeps what is stricter', () => {
    expect(judged(wish, policy(), frozen)).toMatchObject({
      held: null,
      overrides: [expect.stringMatching(/^test is frozen by ada .*\. ada overrides that: they can not pay$/)],
      policy: { approval: { required: true, fourEyes: true, count: 1 } },
    });
    const strict = policy({ approval: { ...policy().approval, count: 2 } });
    expect(judged(wish, strict, frozen).policy.approval.count).toBe(2);
  });

  test('where nothing holds, or without one, the policy stays as it is', () => {
    expect(judged(wish, policy(), null)).toEqual({ held: null, overrides: [], policy: policy() });
    expect(judged(request(), policy(), frozen)).toEqual({ held: frozen, overrides: [], policy: policy() });
  });
});
