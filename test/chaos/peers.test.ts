import { describe, expect, test } from '@jest/globals';
import { isWhole, type Look } from '../../chaos/peers/look.js';

function look(host: string, what: Partial<Look> = {}): Look {
  return { host, service: 'active', running: '2.0.0', onDisk: '2.0.0', ...what };
}

describe('hosts are whole', () => {
  test('when each runs one version, and would start it again', () => {
    expect(isWhole([look('web-1'), look('web-2')])).toBe(true);
  });

  test.each<[string, Partial<Look>]>([
    ['one runs another version', { running: '1.0.0', onDisk: '1.0.0' }],
    ['one would start another version', { onDisk: '1.0.0' }],
    ['one has stopped', { service: 'inactive', running: 'nothing' }],
    ['one is just being started', { service: 'activating' }],
  ])('but not when %s', (_, what) => {
    expect(isWhole([look('web-1'), look('web-2', what)])).toBe(false);
    expect(isWhole([look('web-1', what), look('web-2')])).toBe(false);
  });

  test('nor when all agree to serve nothing', () => {
    const nothing = { service: 'active', running: 'nothing', onDisk: 'nothing' };
    expect(isWhole([look('web-1', nothing), look('web-2', nothing)])).toBe(false);
  });
});
