import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { Lab, type Completed } from '../../lab/lab.js';
import { ansibleVenv } from '../../setup/ansible.js';
import { checkoutRoot } from '../../setup/checkout.js';
import { resolveRelease } from '../../src/adapters/release-directory.js';
import { environmentOf, loadConfig } from '../../src/config/load.js';
import { KioskCheckout } from './kiosk-checkout.js';

// Without Temporal and without a worker: what is left when both are gone.
const KIOSK = { safeguard_application: 'kiosk', safeguard_environment: 'demo' };
const GLASS = { safeguard_environment: 'demo', safeguard_break_glass: true };

/** As in ansible.cfg, but connections end soon after the last playbook. */
const SSH =
  '-o ControlMaster=auto -o ControlPersist=5s -o ServerAliveInterval=2 -o ServerAliveCountMax=2 -o ConnectTimeout=5';

let lab: Lab;
let directory: string;
let kiosk: KioskCheckout;
let venv: string;

beforeAll(async () => {
  lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
  await lab.assertContained();
  directory = await mkdtemp(join(tmpdir(), 'safeguard-playbooks-'));
  kiosk = await KioskCheckout.make(lab, directory, 2);
  venv = await ansibleVenv();
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function inventory(user: string, key: string): Promise<string> {
  const file = join(directory, `inventory-${user}.json`);
  const hosts = Object.fromEntries(kiosk.hosts.map((host) => [host.name, { ansible_host: host.address }]));
  const vars = {
    ansible_user: user,
    ansible_ssh_private_key_file: key,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.knownHostsFile} -o StrictHostKeyChecking=yes`,
  };
  await writeFile(file, JSON.stringify({ all: { hosts, vars } }));
  return file;
}

async function play(
  name: string,
  vars: Readonly<Record<string, unknown>>,
  options: readonly string[] = [],
): Promise<Completed> {
  const hosts =
    name === 'prepare' ? await inventory('root', lab.rootKeyFile) : await inventory('deploy', lab.keyFile);
  const file = join(directory, `${name}.json`);
  await writeFile(file, JSON.stringify(vars), { mode: 0o600 });
  const playbooks = join(checkoutRoot(), 'ansible', 'playbooks', `${name}.yml`);
  const argv = ['-i', hosts, playbooks, '-e', `@${file}`, ...options];
  const { exitCode, stdout, stderr } = await execa(join(venv, 'bin', 'ansible-playbook'), argv, {
    cwd: join(checkoutRoot(), 'ansible'),
    env: {
      LC_ALL: 'C.UTF-8',
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_SSH_ARGS: SSH,
      ANSIBLE_SSH_CONTROL_PATH_DIR: directory,
    },
    stdin: 'ignore',
    reject: false,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

/** Runs a playbook that has to succeed; answers how many things each host says it has changed. */
async function changes(...call: Parameters<typeof play>): Promise<number[]> {
  const { exitCode, stdout, stderr } = await play(...call);
  if (exitCode !== 0) throw new Error(`${stdout}\n${stderr}`);
  return [...stdout.matchAll(/\bchanged=(\d+)/g)].map((match) => Number(match[1]));
}

/** What `deploy.yml` needs of a release: the manifest beside its archives. */
async function release(version: string): Promise<Record<string, unknown>> {
  await kiosk.build(version);
  const environment = environmentOf(loadConfig(kiosk.configFile), 'demo');
  const { manifest, directory: artifacts } = await resolveRelease(environment, version);
  const file = join(directory, `manifest-${version}.json`);
  await writeFile(file, JSON.stringify(manifest));
  return {
    ...GLASS,
    safeguard_manifest: file,
    safeguard_artifacts: artifacts,
    safeguard_secrets: { backend: { KIOSK_TOKEN: kiosk.token } },
    safeguard_health: ['http://127.0.0.1:9100/healthz', 'http://127.0.0.1:8088/map'],
    safeguard_health_retries: 1,
  };
}

const TREES = ['/etc', '/srv', '/usr/local', '/home', '/root', '/var/lib'];

/** Every file of the hosts that a deployment could alter, with its times, and the running processes of the kiosk. */
async function photograph(): Promise<string[]> {
  // Where Ansible keeps its own programs while they run.
  const but = ['-path', '*/.ansible', '-prune', '-o'];
  const files = await kiosk.onHosts(['find', ...TREES, '-xdev', ...but, '-printf', '%p %m %u %s %T@ %C@\n']);
  return [...files, ...(await kiosk.processes()), ...(await kiosk.processes('nginx.service'))];
}

/** What `prepare.yml` needs. */
async function preparation(): Promise<Record<string, unknown>> {
  const applications = await readFile(join(checkoutRoot(), 'lab', 'applications.json'), 'utf8');
  return {
    safeguard_deploy_key: (await readFile(`${lab.keyFile}.pub`, 'utf8')).trim(),
    safeguard_applications: JSON.parse(applications) as unknown,
  };
}

/** Has a program of web-1 say another version; otherwise it does what it did. Answers what ends that. */
async function pretend(program: string, version: string): Promise<() => Promise<void>> {
  const on = async (...argv: string[]): Promise<string> => (await lab.run('web-1', argv)).stdout.trim();
  const path = `/usr/bin/${program}`;
  const file = await on('readlink', '-f', path);
  const script = `#!/bin/bash\n[ "$*" = --version ] && echo '${version}' && exit\nexec -a ${path} /opt/as-it-was "$@"\n`;
  await on('cp', file, '/opt/as-it-was');
  await lab.run('web-1', ['sh', '-c', 'cat > /opt/pretends; chmod 755 /opt/pretends'], { input: script });
  await on('mount', '--bind', '/opt/pretends', file);
  return async () => {
    await on('umount', '--lazy', file);
    await on('rm', '/opt/pretends', '/opt/as-it-was');
  };
}

test('prepare mends what is not as it should be, and leaves the rest as it is', async () => {
  const vars = await preparation();
  await lab.run('web-1', ['rm', '/etc/sudoers.d/safeguard']);
  const mended = await changes('prepare', vars, ['--limit', 'web-1']);
  const again = await changes('prepare', vars, ['--limit', 'web-1']);

  expect(mended).not.toEqual([0]);
  expect(again).toEqual([0]);
}, 120_000);

test.each([
  ['systemctl', 'systemd 243 (243.4-1)'],
  ['python3', 'Python 3.8.10'],
])(
  'prepare changes nothing of a host whose %s is too old',
  async (program, version) => {
    const restore = await pretend(program, version);
    try {
      const before = await photograph();
      const { exitCode, stdout } = await play('prepare', await preparation(), ['--limit', 'web-1']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: expect.stringContaining(version) });
      expect(await photograph()).toEqual(before);
    } finally {
      await restore();
    }
  },
  120_000,
);

test('nothing is deployed unless somebody says so in so many words', async () => {
  const vars = { ...(await release('1.0.0')), safeguard_break_glass: false };
  const { exitCode, stdout } = await play('deploy', vars);

  expect(exitCode).not.toBe(0);
  expect(stdout).toContain('safeguard_break_glass=true');
}, 60_000);

test('deploy, and verify agrees', async () => {
  await changes('deploy', await release('1.0.0'));
  expect(await kiosk.servedEverywhere()).toBe('1.0.0');
  const { exitCode, stdout } = await play('verify', KIOSK);
  expect(stdout).toContain('web-1 runs 1.0.0');
  expect(exitCode).toBe(0);
}, 120_000);

test('idempotency: check mode changes nothing, neither files nor processes', async () => {
  const vars = await release('1.1.0');
  const before = await photograph();
  const { exitCode, stdout } = await play('deploy', vars, ['--check', '--diff']);

  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/web-1 .*changed=[1-9]/);
  expect(stdout).not.toContain(kiosk.token);
  expect(await photograph()).toEqual(before);
}, 120_000);

test('a release that does not become healthy is taken back on every host', async () => {
  await kiosk.edit('backend/kiosk.py', "'/healthz'", "'/health'");
  const { exitCode, stdout } = await play('deploy', await release('1.1.0'));

  expect(exitCode).not.toBe(0);
  expect(stdout).toContain('Restored on this host: 1.0.0.');
  expect(await kiosk.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('rollback goes to the version before, and capture keeps what hosts say', async () => {
  await kiosk.edit('backend/kiosk.py', "'/health'", "'/healthz'");
  await changes('deploy', await release('1.2.0'));
  expect(await kiosk.servedEverywhere()).toBe('1.2.0');
  const before = await photograph();
  const would = await play('rollback', { ...GLASS, ...KIOSK }, ['--check', '--diff']);
  expect(would.stdout).toMatch(/^-Description=kiosk-demo backend 1\.2\.0$/m);
  expect(would.stdout).toMatch(/^\+Description=kiosk-demo backend 1\.0\.0$/m);
  expect(await photograph()).toEqual(before);
  await changes('rollback', { ...GLASS, ...KIOSK });
  expect(await kiosk.servedEverywhere()).toBe('1.0.0');

  const captures = join(directory, 'captures');
  await mkdir(captures);
  await changes('capture', { ...KIOSK, safeguard_captures: captures });
  const [file = ''] = (await readdir(captures)).sort();
  const seen = JSON.parse(await readFile(join(captures, file), 'utf8')) as unknown;
  expect(seen).toMatchObject({ committedVersion: '1.0.0', state: { previous_version: '1.2.0' } });
}, 120_000);

test('verify finds what was altered behind everybody’s back', async () => {
  await lab.run('web-2', [
    'sh',
    '-c',
    'for page in /srv/kiosk/releases/*/site/map.html; do echo altered >> "$page"; done',
  ]);
  const { exitCode, stdout } = await play('verify', KIOSK);

  expect(exitCode).not.toBe(0);
  expect(stdout).toMatch(/web-2: .*map\.html/);
}, 60_000);
