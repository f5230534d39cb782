import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { until } from './campus-lab.js';
import { HostCaller } from './host-caller.js';

// Changes on a real host: each a process of its own, in a unit of its own.
const HOST = 'web-1';
const LONG = 120_000;
const LOCK = '/var/lib/safeguard/campus-production/lock';

let caller: HostCaller;
let ssh: SshConnections;
let program: HostProgram;

beforeAll(async () => {
  caller = await HostCaller.open('not-a-secret');
  await caller.stage(HOST, await caller.build('1.0.0'));
  await nothingStays();
}, LONG);
beforeEach(() => {
  ssh = new SshConnections();
  program = new HostProgram(ssh);
});
afterEach(async () => {
  await ssh.close();
  await nothingStays();
  expect(await processes('safeguard-host')).toEqual([]);
}, LONG);
afterAll(() => caller.close(), LONG);

async function nothingStays(): Promise<void> {
  await caller.ssh.close();
  await until('nothing stays', async () => (await processes('safeguard-stay')).length === 0);
}

/** Processes of the host with this name, by id; what watches a lease is none of them. */
async function processes(name: string): Promise<string[]> {
  const { stdout } = await caller.lab.run(HOST, ['ps', '-C', name, '-o', 'pid=', '-o', 'args=']);
  return stdout
    .split('\n')
    .flatMap((line) => (line.includes(' lease ') ? [] : (/^\s*(\d+)/.exec(line)?.[1] ?? [])));
}

/** Restores nothing, in the unit of this name. */
function restoreIn(): { readonly unit: string; readonly begin: () => Promise<unknown> } {
  const request = { ...caller.at, operation: 'restore' as const, token: caller.token(), digest: null };
  return {
    unit: `safeguard-campus-production-${caller.run}-${request.token.step}-1.scope`,
    begin: () => program.change(caller.target(HOST), request),
  };
}

test(
  'a change is one process in its unit, and holds nothing of who asked for it',
  async () => {
    const { unit, begin } = restoreIn();
    await caller.on(HOST, ['systemd-run', '--quiet', '--unit=holder', 'flock', LOCK, 'sleep', 'infinity']);
    try {
      const changing = begin();
      const procs = `/sys/fs/cgroup/system.slice/${unit}/cgroup.procs`;
      const inUnit = async (): Promise<string[]> => {
        const { stdout } = await caller.lab.run(HOST, ['cat', procs]);
        return stdout.split('\n').filter((line) => line !== '');
      };
      await until('the change waits for the lock in its unit', async () => {
        const [pid, ...others] = await inUnit();
        const open = await caller.lab.run(HOST, ['sh', '-c', `readlink /proc/${pid ?? 'none'}/fd/*`]);
        return others.length === 0 && open.stdout.includes(LOCK);
      });
      const [pid = ''] = await inUnit();
      const open = await caller.on(HOST, ['sh', '-c', `readlink /proc/${pid}/fd/*`]);
      expect(open).not.toMatch(/pipe:|memfd:/);
      expect(await caller.on(HOST, ['ps', '-o', 'sid=', '-p', pid])).toMatch(new RegExp(`^\\s*${pid}\\s*$`));
      await caller.on(HOST, ['systemctl', 'stop', 'holder.service']);
      await changing;
      const told = await caller.on(HOST, [
        'journalctl',
        '-b',
        '-o',
        'cat',
        '-u',
        unit,
        '-t',
        'safeguard-host',
      ]);
      expect(told).toMatch(/"type": "result"/);
    } finally {
      await caller.lab.run(HOST, ['systemctl', 'stop', 'holder.service']);
    }
  },
  LONG,
);

test(
  'a change that cannot be in its unit does not begin',
  async () => {
    const { unit, begin } = restoreIn();
    const occupy = `setsid systemd-run --quiet --scope --collect --unit=${unit} sleep infinity >/dev/null 2>&1 &`;
    await caller.on(HOST, ['sh', '-c', occupy]);
    const isThere = async (): Promise<boolean> =>
      (await caller.lab.run(HOST, ['systemctl', 'is-active', unit])).stdout.trim() === 'active';
    await until('somebody else has the name', isThere);
    const told = expect(begin()).rejects.toThrow(/ended without a result/);
    const asked = `/run/safeguard/campus-production/${unit}.json`;
    await until(
      'it is asked',
      async () => (await caller.lab.run(HOST, ['test', '-e', asked])).exitCode === 0,
    );
    await until('nobody waits to begin', async () => (await processes('safeguard-host')).length === 1);
    await caller.on(HOST, ['systemctl', 'stop', unit]);
    await told;
    await caller.on(HOST, ['rm', asked]);
  },
  LONG,
);

test(
  'one whose caller is killed before it may begin does not begin; the same request, asked again, is carried out',
  async () => {
    const { unit, begin } = restoreIn();
    const result = `/run/safeguard/campus-production/results/${unit}.json`;
    // Found before systemd's own, and in no hurry: the child has been forked, and waits.
    const slow = '/usr/sbin/systemd-run';
    await caller.on(HOST, [
      'sh',
      '-c',
      `printf '#!/bin/sh\\ntouch /run/asked\\nexec sleep 600\\n' >${slow}; chmod +x ${slow}`,
    ]);
    try {
      const told = expect(begin()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      const isAsked = async (): Promise<boolean> =>
        (await caller.lab.run(HOST, ['test', '-e', '/run/asked'])).exitCode === 0;
      await until('systemd is asked', isAsked);
      const all = [...(await processes('safeguard-stay')), ...(await processes('safeguard-host'))];
      expect(all).toHaveLength(3);
      const [stays = '', asks = ''] = all;
      await caller.on(HOST, ['kill', '-KILL', stays, asks]);
      await told;
      await until('the child has ended', async () => (await processes('safeguard-host')).length === 0);
      expect((await caller.lab.run(HOST, ['test', '-e', result])).exitCode).not.toBe(0);
    } finally {
      await caller.on(HOST, ['rm', '-f', slow, '/run/asked']);
      await caller.on(HOST, ['sh', '-c', 'kill $(pgrep -fx "sleep 600")']);
    }
    await begin();
    await caller.on(HOST, ['test', '-e', result]);
  },
  LONG,
);
