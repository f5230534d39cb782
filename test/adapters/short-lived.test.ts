import { expect, test } from '@jest/globals';
import { wereShortLived } from '../../src/adapters/short-lived.js';

const MB = 1024 * 1024;

test('of buffers that were made and are needed no more, few wait to be collected', () => {
  const held = (): number => process.memoryUsage().arrayBuffers;
  const before = held();
  let most = 0;
  for (let piece = 0; piece < 400; piece += 1) {
    Buffer.allocUnsafeSlow(MB);
    wereShortLived(MB);
    most = Math.max(most, held() - before);
  }
  expect(most / MB).toBeLessThan(16);
});
