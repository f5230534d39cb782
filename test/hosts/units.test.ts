import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { StandingHosts } from './standing-hosts.js';

// How systemd comes to know the unit of a new release.
const LONG = 180_000;
const DROP_IN = '/run/systemd/system/kiosk-demo-backend.service.d';

let hosts: StandingHosts;

beforeAll(async () => {
  hosts = await StandingHosts.open();
}, LONG);
afterAll(() => hosts.close());
beforeEach(() => hosts.establish(), LONG);

/** How often systemd has read the files of all units since the boot. */
async function reloads(): Promise<number> {
  const journal = ['journalctl', '-b', '-o', 'cat', '_PID=1', '--grep', '^Reloading'];
  const { stdout } = await hosts.lab.run('web-1', journal);
  return stdout === '' ? 0 : stdout.split('\n').length;
}

test(
  'systemd reads the unit of a new release, and no other',
  async () => {
    const before = await reloads();
    const run = hosts.run();
    await run.activate('web-1', '2.0.0');
    await hosts.untilServes('web-1', '2.0.0');
    await run.restore('web-1', '1.0.0');
    await hosts.untilServes('web-1', '1.0.0');
    expect(await reloads()).toBe(before);
  },
  LONG,
);

test(
  'a unit that another unit names is read anew all the same',
  async () => {
    const other = '[Unit]\nWants=kiosk-demo-backend.service\n[Service]\nExecStart=/bin/sleep infinity\n';
    const path = '/run/systemd/system/other.service';
    await hosts.lab.run('web-1', ['tee', path], { input: other });
    await hosts.lab.run('web-1', ['systemctl', 'start', 'other.service']);
    try {
      const before = await reloads();
      const run = hosts.run();
      await run.activate('web-1', '2.0.0');
      await hosts.untilServes('web-1', '2.0.0');
      expect(await reloads()).toBe(before + 1);
      await run.restore('web-1', '1.0.0');
      await hosts.untilServes('web-1', '1.0.0');
    } finally {
      await hosts.lab.run('web-1', ['systemctl', 'stop', 'other.service']);
      await hosts.lab.run('web-1', ['sh', '-c', `rm ${path}; systemctl daemon-reload`]);
    }
  },
  LONG,
);

test(
  'a unit that fails when it is stopped is read anew, and no other',
  async () => {
    const fails = `mkdir -p ${DROP_IN}; printf '[Service]\\nExecStopPost=/bin/false\\n' > ${DROP_IN}/fails.conf`;
    await hosts.lab.run('web-1', ['sh', '-c', `${fails}; systemctl daemon-reload`]);
    try {
      const before = await reloads();
      const run = hosts.run();
      await run.activate('web-1', '2.0.0');
      await hosts.untilServes('web-1', '2.0.0');
      await run.restore('web-1', '1.0.0');
      await hosts.untilServes('web-1', '1.0.0');
      expect(await reloads()).toBe(before);
      const failed = [
        'journalctl',
        '-b',
        '-o',
        'cat',
        '-u',
        'kiosk-demo-backend.service',
        '--grep',
        'Failed with result',
      ];
      expect((await hosts.lab.run('web-1', failed)).stdout).toContain('exit-code');
    } finally {
      await hosts.lab.run('web-1', ['sh', '-c', `rm -r ${DROP_IN}; systemctl daemon-reload`]);
    }
  },
  LONG,
);

test(
  'nobody starts a release that the journal does not allow',
  async () => {
    const unit = '/etc/systemd/system/kiosk-demo-backend.service';
    const run = hosts.run();
    await run.activate('web-1', '2.0.0');
    await hosts.untilServes('web-1', '2.0.0');
    await hosts.lab.run('web-1', ['cp', unit, '/root/given-up.service']);
    await run.restore('web-1', '1.0.0');
    await hosts.untilServes('web-1', '1.0.0');

    const start = `mv /root/given-up.service ${unit}; systemctl daemon-reload; systemctl restart kiosk-demo-backend.service`;
    await hosts.lab.run('web-1', ['sh', '-c', start]);
    const shown = await hosts.lab.run('web-1', [
      'systemctl',
      'show',
      '-P',
      'ActiveState',
      'kiosk-demo-backend.service',
    ]);
    expect(shown.stdout).toBe('inactive');

    await run.restore('web-1', '1.0.0');
    await hosts.untilServes('web-1', '1.0.0');
  },
  LONG,
);
