import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { execute } from '../../lab/execute.js';
import { Lab } from '../../lab/lab.js';

const NAME = `disk-${randomBytes(3).toString('hex')}`;
// Nothing here takes that long; but the machine may be busy, and preparing hosts may be due again.
jest.setTimeout(120_000);

async function onHost(lab: Lab, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await lab.run('web-1', ['sh', '-ec', script]);
  expect({ script, exitCode, stderr }).toEqual({ script, exitCode: 0, stderr: '' });
  return stdout;
}

async function powerCycle(lab: Lab): Promise<void> {
  await lab.fault('web-1', 'power-loss');
  await lab.fault('web-1', 'start');
}

/** What a file holds; empty when there is none. */
function content(lab: Lab, file: string): Promise<string> {
  return onHost(lab, `cat ${file} 2>/dev/null || true`);
}

async function loopDevices(name: string): Promise<string[]> {
  const { stdout } = await execute(['losetup', '--noheadings', '--output', 'BACK-FILE', '--list']);
  return stdout.split('\n').filter((file) => file.includes(name));
}

describe('a lab with disks on ext4', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.up({ name: NAME, web: 1, disk: 'ext4' });
  }, 600_000);
  afterAll(async () => {
    await Lab.remove(NAME);
  });

  test('a power loss takes a file that was not synced', async () => {
    await onHost(lab, 'echo lost >/var/lost; sync /var/lost; echo also >>/var/lost; echo lost >/var/new');
    await powerCycle(lab);
    expect(await content(lab, '/var/lost')).toBe('lost');
    expect(await content(lab, '/var/new')).toBe('');
  });

  test('a power loss leaves a file that was synced, and only that', async () => {
    await onHost(lab, 'echo kept >/var/kept; echo lost >/var/beside; sync /var/kept');
    await powerCycle(lab);
    expect(await content(lab, '/var/kept')).toBe('kept');
    expect(await content(lab, '/var/beside')).toBe('');
  });

  test('a power loss empties a file that was renamed over another one unsynced', async () => {
    await onHost(lab, 'echo old >/var/renamed; sync /var/renamed; echo new >/var/scratch');
    await onHost(lab, 'mv /var/scratch /var/renamed; sync /var');
    await powerCycle(lab);
    expect(await content(lab, '/var/renamed')).toBe('');
  });

  test('a power loss leaves what is on a file system that was synced as a whole', async () => {
    await onHost(lab, 'mkdir /var/all; echo 1 >/var/all/1; echo 2 >/var/all/2; sync --file-system /var/all');
    await powerCycle(lab);
    expect(await onHost(lab, 'cat /var/all/*')).toBe('1\n2');
  });

  test('a power loss in the middle of writing leaves whole what was synced before', async () => {
    const writer =
      'i=0; while :; do i=$((i+1)); echo $i >/var/n.new; sync /var/n.new; mv /var/n.new /var/n; done';
    const writing = lab.run('web-1', ['sh', '-c', writer]);
    await onHost(lab, 'while [ "$(cat /var/n 2>/dev/null || echo 0)" -lt 20 ]; do :; done');
    await powerCycle(lab);
    await writing;
    expect(Number(await content(lab, '/var/n'))).toBeGreaterThanOrEqual(19);
  });

  test('an orderly reboot and a pause lose nothing', async () => {
    await onHost(lab, 'echo rebooted >/var/rebooted');
    await lab.fault('web-1', 'reboot');
    await lab.fault('web-1', 'wait');
    await lab.fault('web-1', 'pause');
    await lab.fault('web-1', 'resume');
    expect(await content(lab, '/var/rebooted')).toBe('rebooted');
  });

  test('a paused host can lose power, and comes back running', async () => {
    await onHost(lab, 'echo lost >/var/paused');
    await lab.fault('web-1', 'pause');
    await powerCycle(lab);
    expect(await content(lab, '/var/paused')).toBe('');
  });

  test('a full disk stays full through a power loss, until it is freed', async () => {
    const write = ['dd', 'if=/dev/zero', 'of=/var/filler', 'bs=64k', 'count=1', 'status=none'];
    const full = 'No space left on device';
    await lab.fault('web-1', 'disk-full');
    expect((await lab.run('web-1', write)).stderr).toContain(full);
    await lab.fault('web-1', 'power-loss');
    await expect(lab.fault('web-1', 'disk-free')).rejects.toThrow(
      'web-1 has lost power, and its disk is away',
    );
    await lab.fault('web-1', 'start');
    expect((await lab.run('web-1', write)).stderr).toContain(full);
    await lab.fault('web-1', 'disk-free');
    expect(await lab.run('web-1', write)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('coming up again starts a host that lost power, with the disk it had', async () => {
    await onHost(lab, 'echo mine >/var/mine; sync /var/mine');
    await lab.fault('web-1', 'power-loss');
    await Lab.up({ name: NAME, web: 1 });
    expect(await content(lab, '/var/mine')).toBe('mine');
    await expect(Lab.up({ name: NAME, web: 1, disk: 'tmpfs' })).rejects.toThrow('take it down first');
  });

  test('down leaves nothing, though a host of another lab was booted meanwhile', async () => {
    const other = await Lab.up({ name: `${NAME}-b`, web: 0 });
    try {
      expect(await loopDevices(`/${NAME}/`)).toHaveLength(2);
      await lab.down();
      expect(await loopDevices(`/${NAME}/`)).toEqual([]);
      const mounts = (await execute(['cat', '/proc/self/mounts'])).stdout.split('\n');
      expect(mounts.filter((line) => line.includes(`/${NAME}/`) || line.endsWith(`/${NAME}`))).toEqual([]);
    } finally {
      await other.down();
    }
  });
});
