import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { execute } from '../../lab/execute.js';
import { Lab } from '../../lab/lab.js';
import { waitUntil } from '../../lab/waiting.js';

const NAME = `test-${randomBytes(3).toString('hex')}`;
// Nothing here takes that long; but the machine may be busy, and preparing hosts may be due again.
jest.setTimeout(120_000);

async function answers(lab: Lab): Promise<boolean> {
  const banner = 'exec 3<>"/dev/tcp/$0/22" && read -r -n 4 -t 1 -u 3 banner && [ "$banner" = SSH- ]';
  const { exitCode } = await lab.exec(['bash', '-c', banner, lab.host('web-1').address], { timeoutMs: 1500 });
  return exitCode === 0;
}

async function onHost(lab: Lab, ...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await lab.run('web-1', argv);
  expect({ argv, exitCode, stderr }).toEqual({ argv, exitCode: 0, stderr: '' });
  return stdout;
}

async function stateOf(lab: Lab, host: string): Promise<string | undefined> {
  return (await lab.status()).find((status) => status.host.name === host)?.state;
}

/** Everything on this machine that has the lab's name in it. */
async function traces(name: string): Promise<string[]> {
  const { stdout: processes } = await execute(['ps', '-eo', 'args']);
  const lists = await Promise.all([
    execute(['ip', 'netns', 'list']),
    execute(['cat', '/proc/self/mounts']),
    execute(['find', '/sys/fs/cgroup', '-maxdepth', '2', '-name', 'sg-*']),
    execute(['find', '/run/safeguard-lab', '/run/systemd/nspawn', '-not', '-path', '*/.locks/*']),
    execute(['find', '/run/safeguard-lab/.slots', '-type', 'l', '-printf', '%l\\n']),
  ]);
  const lines = [processes, ...lists.map(({ stdout }) => stdout)].flatMap((text) => text.split('\n'));
  return lines.filter((line) => line.includes(name));
}

describe('a lab', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.up({ name: NAME, web: 1 });
  }, 600_000);

  afterAll(async () => {
    await Lab.remove(NAME);
  });

  test('has a web host and a database host that are really running', async () => {
    expect(lab.hosts.map(({ name, role }) => [name, role])).toEqual([
      ['web-1', 'web'],
      ['db-1', 'db'],
    ]);
    expect(await onHost(lab, 'hostname')).toBe('web-1');
    await onHost(lab, 'systemctl', 'is-system-running', '--wait');
    expect(await onHost(lab, 'systemctl', 'is-active', 'nginx')).toBe('active');
  });

  test('is contained, and says so when the guard is gone', async () => {
    await lab.assertContained();
    const subnet = lab.gateway.replace(/1$/, '0/24');
    await execa('ip', ['route', 'del', 'unreachable', subnet]);
    await expect(lab.assertContained()).rejects.toThrow(`The guard route for ${subnet} is missing`);
    await Lab.up({ name: NAME, web: 1 });
    await lab.assertContained();
  });

  test('refuses a namespace with a way out', async () => {
    await execa('ip', ['-n', lab.namespace, 'route', 'add', 'default', 'via', lab.host('web-1').address]);
    await expect(lab.assertContained()).rejects.toThrow('has a way out');
    await execa('ip', ['-n', lab.namespace, 'route', 'del', 'default']);
    await lab.assertContained();
  });

  test('lets the deploying user in with the key and checks the host', async () => {
    const { stdout } = await lab.exec([...lab.ssh('web-1'), 'id', '-un']);
    expect(stdout).toBe(lab.deployUser);
  });

  test('lets the deploying user become root for one program only, without arguments', async () => {
    const may = async (...command: string[]): Promise<boolean> => {
      return (await lab.exec([...lab.ssh('web-1'), 'sudo', '-n', '-l', ...command])).exitCode === 0;
    };
    expect(await may('/usr/local/sbin/safeguard-host')).toBe(true);
    expect(await may('/usr/local/sbin/safeguard-host', 'gate')).toBe(false);
    expect(await may('/usr/bin/id')).toBe(false);
  });

  test('has databases with passwords that only root can read here', async () => {
    const secrets = await lab.secrets();
    expect(Object.keys(secrets).sort()).toEqual([
      'CAMPUS_PRODUCTION_DB_PASSWORD',
      'CAMPUS_STAGING_DB_PASSWORD',
      'KIOSK_DEMO_DB_PASSWORD',
    ]);
    expect((await stat(`${lab.directory}/secrets.env`)).mode & 0o777).toBe(0o600);
    const url = `postgresql://kiosk_demo:${secrets['KIOSK_DEMO_DB_PASSWORD'] ?? ''}@db-1/kiosk_demo`;
    const script = `import psycopg2, redis, sys; c = psycopg2.connect(sys.stdin.read()).cursor(); c.execute('select current_user'); print(c.fetchone()[0], redis.Redis('db-1').ping())`;
    const { stdout } = await lab.run('web-1', ['python3', '-c', script], { input: url });
    expect(stdout).toBe('kiosk_demo True');
  });

  test('is reached from loopback through a forward', async () => {
    const { port } = await lab.forward('ssh', 0, 'web-1:22');
    const { stdout } = await execute([
      'bash',
      '-c',
      'exec 3<>"/dev/tcp/127.0.0.1/$0" && head -c 4 <&3',
      String(port),
    ]);
    expect(stdout).toBe('SSH-');
  });

  test('coming up twice changes nothing', async () => {
    const before = await lab.status();
    const again = await Lab.up({ name: NAME, web: 1 });
    expect(await again.status()).toEqual(before);
  });

  test('pause and resume', async () => {
    await lab.fault('web-1', 'pause');
    expect(await stateOf(lab, 'web-1')).toBe('paused');
    expect(await answers(lab)).toBe(false);
    await lab.fault('web-1', 'resume');
    await lab.fault('web-1', 'wait');
    expect(await stateOf(lab, 'web-1')).toBe('up');
  });

  test('cut and heal', async () => {
    await lab.fault('web-1', 'cut');
    expect(await stateOf(lab, 'web-1')).toBe('cut');
    expect(await answers(lab)).toBe(false);
    await lab.fault('web-1', 'heal');
    await lab.fault('web-1', 'wait');
  });

  test('power loss keeps the disk, start brings the host back', async () => {
    await onHost(lab, 'touch', '/var/kept', '/run/lost');
    await lab.fault('web-1', 'power-loss');
    expect(await stateOf(lab, 'web-1')).toBe('off');
    expect(await answers(lab)).toBe(false);
    await expect(lab.run('web-1', ['true'])).rejects.toThrow('web-1 is off');
    await lab.fault('web-1', 'start');
    await onHost(lab, 'test', '-e', '/var/kept');
    await onHost(lab, 'test', '!', '-e', '/run/lost');
  });

  test('a paused host can lose power, and comes back running', async () => {
    await lab.fault('web-1', 'pause');
    await lab.fault('web-1', 'power-loss');
    expect(await stateOf(lab, 'web-1')).toBe('off');
    await lab.fault('web-1', 'start');
    expect(await stateOf(lab, 'web-1')).toBe('up');
  });

  test('a connection to a host that loses power hears nothing', async () => {
    const [file, ...args] = [...lab.enter(), ...lab.ssh('web-1', 'root'), 'echo', 'in;', 'sleep', '60'];
    const connection = execa(file, args, { reject: false });
    await new Promise((resolve) => connection.stdout.once('data', resolve));
    await lab.fault('web-1', 'power-loss');
    const { stderr } = await connection;
    expect(stderr).toContain('not responding');
    await lab.fault('web-1', 'start');
  });

  test('reboot', async () => {
    await onHost(lab, 'touch', '/var/kept', '/run/lost');
    await lab.fault('web-1', 'reboot');
    await lab.fault('web-1', 'wait');
    await onHost(lab, 'test', '-e', '/var/kept');
    await onHost(lab, 'test', '!', '-e', '/run/lost');
  });

  test('disk full and free', async () => {
    const write = ['dd', 'if=/dev/zero', 'of=/var/filler', 'bs=64k', 'count=4', 'status=none'];
    await lab.fault('web-1', 'disk-full');
    expect((await lab.run('web-1', write)).stderr).toContain('No space left on device');
    await lab.fault('web-1', 'disk-free');
    await onHost(lab, ...write);
  });

  test('faults can be driven from inside the lab network', async () => {
    const cli = ['node', 'dist/lab/cli.js'];
    for (const fault of ['pause', 'resume', 'cut', 'heal', 'power-loss', 'start']) {
      const { exitCode, stderr } = await lab.exec([...cli, 'fault', 'web-1', fault, '--name', NAME]);
      expect({ fault, exitCode, stderr }).toEqual({ fault, exitCode: 0, stderr: '' });
    }
    expect(await stateOf(lab, 'web-1')).toBe('up');
    await lab.exec([...cli, 'fault', 'web-1', 'wait', '--name', NAME]);
  });

  test('exec ends what it started when it is ended itself', async () => {
    const exec = execa(
      'node',
      ['dist/lab/cli.js', 'exec', '--name', NAME, '--', 'sh', '-c', 'echo $$; exec sleep 300'],
      {
        reject: false,
      },
    );
    const pid = await new Promise<Buffer>((resolve) => exec.stdout.once('data', resolve));
    exec.kill('SIGTERM');
    expect((await exec).exitCode).toBe(143);
    expect(existsSync(`/proc/${pid.toString().trim()}`)).toBe(false);
  });

  test('names what it does not know', async () => {
    expect(() => lab.host('web-9')).toThrow(`The lab "${NAME}" has no host "web-9": web-1, db-1`);
    await expect(Lab.open('nowhere')).rejects.toThrow('Run "npm run lab -- up --name nowhere"');
    await expect(Lab.up({ name: 'No/Name' })).rejects.toThrow("cannot be a lab's name");
  });

  test('down leaves nothing, whatever state the hosts are in', async () => {
    await lab.fault('web-1', 'pause');
    const slot = lab.gateway.split('.')[2] ?? '';
    await lab.down();
    expect(await traces(NAME)).toEqual([]);
    const { stdout: routes } = await execute(['ip', 'route', 'show', `10.77.${slot}.0/24`]);
    expect(routes).toBe('');
    await Lab.remove(NAME);
  });

  test('a lab whose maker was killed is taken down like any other', async () => {
    const maker = execa('node', ['dist/lab/cli.js', 'up', '--name', NAME, '--web', '1'], { reject: false });
    await waitUntil(
      'the lab is half made',
      () => existsSync(`${lab.directory}/hosts/web-1/nspawn.pid`),
      60_000,
      2,
    );
    maker.kill('SIGKILL');
    await maker;
    await Lab.remove(NAME);
    expect(await traces(NAME)).toEqual([]);
  });
});

test('labs that come up at the same time get networks of their own', async () => {
  const names = [`${NAME}-a`, `${NAME}-b`];
  try {
    const labs = await Promise.all(names.map((name) => Lab.up({ name, web: 0 })));
    expect(new Set(labs.map(({ gateway }) => gateway)).size).toBe(2);
    await Promise.all(labs.map((lab) => lab.assertContained()));
    await labs[0]?.down();
    expect((await labs[1]?.run('db-1', ['hostname']))?.stdout).toBe('db-1');
  } finally {
    await Promise.all(names.map((name) => Lab.remove(name)));
  }
  expect(await traces(NAME)).toEqual([]);
});
