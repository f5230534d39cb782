import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { HOST_COMMAND, HostProgram } from '../../src/adapters/host-program.js';
import { openArtifact, type ResolvedRelease } from '../../src/adapters/release-directory.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { HOST_PROTOCOL } from '../../src/domain/host-protocol.js';
import { until } from './campus-lab.js';
import { HostCaller } from './host-caller.js';

// The program that stays on a real host for as long as it is called.
const HOST = 'web-1';
const LONG = 120_000;
const LOCK = '/var/lib/safeguard/campus-production/lock';

let caller: HostCaller;
let release: ResolvedRelease;
let ssh: SshConnections;
let program: HostProgram;
let releases = 0;

beforeAll(async () => {
  caller = await HostCaller.open('not-a-secret');
  release = await caller.build('1.0.0');
  await caller.stage(HOST, release);
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

const look = (): Promise<unknown> => program.inspect(caller.target(HOST), caller.at);

/** Restores nothing unless told: a change that has its time, and is carried out in a unit. */
const restore = (digest: string | null = null): Promise<unknown> =>
  program.change(caller.target(HOST), {
    ...caller.at,
    operation: 'restore',
    token: caller.token(),
    digest,
  });

function stageRequest({ manifest, release: { digest } }: ResolvedRelease, component: string) {
  const secrets: Record<string, string> = component === 'backend' ? { DATABASE_PASSWORD: caller.secret } : {};
  return {
    ...caller.at,
    operation: 'stage' as const,
    token: caller.token(),
    manifest,
    digest,
    component,
    secrets,
  };
}

/** Sends its components one after the other. */
async function stage(resolved: ResolvedRelease): Promise<void> {
  for (const component of Object.keys(resolved.manifest.components))
    await program.stage(caller.target(HOST), stageRequest(resolved, component), () =>
      openArtifact(resolved, component),
    );
}

test(
  'looks and changes are answered by one process',
  async () => {
    await look();
    const before = await processes('safeguard-stay');
    expect(before).toHaveLength(1);
    await restore();
    await look();
    expect(await processes('safeguard-stay')).toEqual(before);
  },
  LONG,
);

test(
  'a look does not wait for a change that hangs',
  async () => {
    await look();
    await caller.on(HOST, ['systemd-run', '--quiet', '--unit=holder', 'flock', LOCK, 'sleep', 'infinity']);
    try {
      const changing = restore();
      await until('the change is under way', async () => (await processes('safeguard-host')).length > 0);
      await look();
      expect(await processes('safeguard-stay')).toHaveLength(2);
      await caller.on(HOST, ['systemctl', 'stop', 'holder.service']);
      await changing;
    } finally {
      await caller.lab.run(HOST, ['systemctl', 'stop', 'holder.service']);
    }
  },
  LONG,
);

test(
  'one that is killed between two calls is replaced',
  async () => {
    await look();
    const [pid = ''] = await processes('safeguard-stay');
    await caller.on(HOST, ['kill', '-KILL', pid]);
    await until('it is gone', async () => (await processes('safeguard-stay')).length === 0);
    await ssh.exec(caller.target(HOST), ['true']);
    await look();
    expect(await processes('safeguard-stay')).not.toContain(pid);
  },
  LONG,
);

test(
  'one that is killed during a change: nobody knows its end, the change goes on, and the same request finds it',
  async () => {
    await caller.on(HOST, ['systemd-run', '--quiet', '--unit=holder', 'flock', LOCK, 'sleep', 'infinity']);
    const request = { ...caller.at, operation: 'restore' as const, token: caller.token(), digest: null };
    try {
      const changing = program.change(caller.target(HOST), request);
      const told = expect(changing).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      await until('the change is under way', async () => (await processes('safeguard-host')).length > 1);
      const [pid = ''] = await processes('safeguard-stay');
      await caller.on(HOST, ['kill', '-TERM', pid]);
      await told;
      const again = program.change(caller.target(HOST), {
        ...request,
        token: { ...request.token, attempt: 2 },
      });
      await caller.on(HOST, ['systemctl', 'stop', 'holder.service']);
      await again;
      const unit = `safeguard-campus-production-${caller.run}-${request.token.step}-1.scope`;
      const begun = await caller.on(HOST, [
        'journalctl',
        '-b',
        '-o',
        'cat',
        `UNIT=${unit}`,
        '--grep',
        '^Started',
      ]);
      expect(begun.trim().split('\n')).toHaveLength(1);
    } finally {
      await caller.lab.run(HOST, ['systemctl', 'stop', 'holder.service']);
    }
  },
  LONG,
);

test(
  'a host that is prepared anew meanwhile is asked with its new program',
  async () => {
    await look();
    const path = '/usr/local/sbin/safeguard-host';
    await caller.on(HOST, ['cp', '-p', path, `${path}.old`]);
    try {
      const other = `#!/bin/sh\necho '{"type":"error","code":"BUSY","message":"the new one"}'\nexit 1\n`;
      await caller.on(
        HOST,
        ['sh', '-ec', 'cat > "$1".new; chmod 755 "$1".new; mv "$1".new "$1"', 'sh', path],
        other,
      );
      await expect(look()).rejects.toMatchObject({ code: 'HOST_REFUSED', hostCode: 'BUSY' });
    } finally {
      await caller.on(HOST, ['mv', `${path}.old`, path]);
    }
  },
  LONG,
);

test(
  'archives are taken by the process that answers looks and changes',
  async () => {
    await look();
    const before = await processes('safeguard-stay');
    const other = await caller.build(`1.0.${(releases += 1)}`);
    await stage(other);
    await look();
    expect(await processes('safeguard-stay')).toEqual(before);
    expect(await restore(other.release.digest)).toMatchObject({ changed: true });
  },
  LONG,
);

test(
  'a host that is prepared anew meanwhile takes an archive with its new program',
  async () => {
    await look();
    await caller.on(HOST, ['touch', '/usr/local/sbin/safeguard-host']);
    await stage(await caller.build(`1.0.${(releases += 1)}`));
    expect(await processes('safeguard-stay')).toHaveLength(1);
  },
  LONG,
);

test(
  'after a child that was killed in the middle of an archive nothing of it is carried out as a request',
  async () => {
    const other = await caller.build(`1.0.${(releases += 1)}`);
    const line = (request: object): string => `${JSON.stringify({ protocol: HOST_PROTOCOL, ...request })}\n`;
    const stdin = new Readable({ read: () => undefined });
    const lines: string[] = [];
    const onStdoutLine = (said: string): void => {
      lines.push(said);
      if (said.includes('"stays"')) stdin.push(line(stageRequest(other, 'frontend')));
      else if (said.includes('"ready"')) {
        stdin.push('some bytes');
        void processes('safeguard-host').then(([pid = '']) => caller.on(HOST, ['kill', '-KILL', pid]));
      } else if (said.includes('"ended"')) {
        stdin.push(line({ ...caller.at, operation: 'inspect' }));
        stdin.push(null);
      }
    };
    stdin.push(line({ operation: 'stay' }));
    const { code } = await ssh.exec(caller.target(HOST), HOST_COMMAND, { stdin, onStdoutLine });
    expect(lines.slice(-2)).toEqual(['{"type": "ready"}', '{"type": "ended", "status": -9}']);
    expect(code).toBe(1);
  },
  LONG,
);
