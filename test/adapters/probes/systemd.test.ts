import { expect, test } from '@jest/globals';
import type { ExecResult } from '../../../src/adapters/ssh/call.js';
import { parseUnitState, systemdProbe, unitStateCommand } from '../../../src/adapters/probes/systemd.js';

/** As `systemctl show` of systemd 252 prints it. */
const PRINTED =
  'Result=exit-code\nNRestarts=3\nMainPID=0\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\nActiveEnterTimestampMonotonic=1500000\n';
const target = {
  name: 'web-1',
  address: '127.0.0.1',
  port: 22,
  user: 'deploy',
  privateKeyFile: '/id',
  knownHostsFile: '/known',
};
const answering = (result: Partial<ExecResult>): { exec: () => Promise<ExecResult> } => ({
  exec: () => Promise.resolve({ code: 0, signal: null, stdout: '', stderr: '', ...result }),
});

test('a unit cannot be taken for an option', () => {
  expect(unitStateCommand('campus.service').slice(-2)).toEqual(['--', 'campus.service']);
});

test('what systemctl prints', async () => {
  const expected = {
    loadState: 'loaded',
    activeState: 'activating',
    subState: 'auto-restart',
    restarts: 3,
    activeAt: 1.5,
    mainPid: 0,
    result: 'exit-code',
  };
  expect(parseUnitState(PRINTED)).toEqual(expected);
  expect(await systemdProbe(answering({ stdout: PRINTED }), target, 'campus.service')).toEqual(expected);
});

test('a host without systemd', async () => {
  const failed = systemdProbe(
    answering({ code: 1, stderr: 'System has not been booted with systemd' }),
    target,
    'x.service',
  );
  await expect(failed).rejects.toMatchObject({
    code: 'PROBE_FAILED',
    message: expect.stringContaining('not been booted') as unknown,
  });
});
