import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeToken, fence, sameToken, type HeldToken } from '../../src/domain/fence.js';
import type { FencingToken } from '../../src/domain/host-protocol.js';

const token = (over: Partial<FencingToken> = {}): FencingToken => ({
  incarnation: 'one',
  epoch: 5,
  run: 'run-a',
  step: 3,
  try: 2,
  attempt: 2,
  ...over,
});
const held: HeldToken = { token: token(), former: ['zero'] };
const accepted = { accepted: true, replaces: null };
const refused = { accepted: false };

test.each([
  ['the same token', {}, accepted],
  ['a lower epoch', { epoch: 4, step: 9 }, refused],
  ['a higher epoch of another run', { epoch: 6, run: 'run-b', step: 1 }, accepted],
  ['the same epoch of another run', { run: 'run-b', step: 9 }, refused],
  ['a lower step', { step: 2, try: 9 }, refused],
  ['a higher step', { step: 4, try: 1, attempt: 1 }, accepted],
  ['a lower try', { try: 1, attempt: 9 }, refused],
  ['a lower attempt', { attempt: 1 }, refused],
  ['a higher attempt', { attempt: 3 }, accepted],
  ['an unknown incarnation', { incarnation: 'two', epoch: 1 }, { accepted: true, replaces: 'one' }],
  ['a replaced incarnation', { incarnation: 'zero', epoch: 5 }, refused],
  [
    'a replaced incarnation whose hosts were adopted again',
    { incarnation: 'zero', epoch: 6 },
    { accepted: true, replaces: 'one' },
  ],
])('%s', (_what, over, verdict) => expect(fence(held, token(over))).toEqual(verdict));

test('without a row everything is accepted', () => expect(fence(null, token())).toEqual(accepted));

test('of two tokens of one incarnation, one is always refused once the other was accepted', () => {
  const number = fc.integer({ min: 1, max: 3 });
  const some = fc.record({
    incarnation: fc.constant('one'),
    epoch: number,
    run: fc.constantFrom('a', 'b'),
    step: number,
    try: number,
    attempt: number,
  });
  fc.assert(
    fc.property(some, some, (a, b) => {
      const forward = fence({ token: a, former: [] }, b).accepted;
      const back = fence({ token: b, former: [] }, a).accepted;
      expect(forward && back).toBe(sameToken(a, b));
    }),
  );
});

test('a token as people read it', () => expect(describeToken(token())).toBe('run run-a (epoch 5, 3.2.2)'));
