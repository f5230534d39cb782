import { describe, expect, test } from '@jest/globals';
import { secondsOf } from '../../src/domain/duration.js';

describe('a span of time', () => {
  test.each([
    ['30s', 30],
    ['5m', 300],
    ['6h', 21_600],
    ['2d', 172_800],
  ])('%s is %d seconds', (text, seconds) => expect(secondsOf(text)).toBe(seconds));

  test.each(['', 's', '0s', '-1s', '1.5h', '10', '10 m', '1w', '1234567s', '5m\n'])('%j is none', (text) =>
    expect(secondsOf(text)).toBeNull(),
  );
});
