import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import fc from 'fast-check';
import { waitUntil } from '../../../lab/waiting.js';
import { ansibleVenv } from '../../../setup/ansible.js';
import { Ansible } from '../../../src/adapters/ansible/ansible.js';
import { ansibleEnvironment, connectionVars } from '../../../src/adapters/ansible/command.js';
import {
  AnsibleProgram,
  type AnsibleHost,
  type AnsibleRequest,
} from '../../../src/adapters/ansible/program.js';
import type { SshTarget } from '../../../src/adapters/ssh/target.js';
import type { Json } from '../../../src/domain/canonical-json.js';
import { startSshd, type Sshd } from '../ssh/sshd.js';
import { pidsWithWord, withWord } from './processes.js';

let sshd: Sshd;
let ansible: Ansible;

beforeAll(async () => {
  sshd = await startSshd();
  ansible = new Ansible(join(await ansibleVenv(), 'bin'));
}, 300_000);
afterAll(() => sshd.stop());

/** A playbook with these tasks, and the host that stands for itself in it. */
async function playbook(name: string, ...tasks: readonly unknown[]): Promise<string> {
  const file = join(sshd.directory, `${name}.yml`);
  await writeFile(file, JSON.stringify([{ name, hosts: 'all', gather_facts: false, tasks }]));
  return file;
}

function play(file: string, vars: Record<string, Json> = {}, target: SshTarget = sshd.target) {
  const all = { ...vars, ...connectionVars(target) };
  return { hosts: [target.name], inventory: null, playbook: file, vars: all, mode: 'carry-out' } as const;
}

function host(): AnsibleHost {
  return { target: sshd.target, inventory: null };
}

const WRITE = (file: string, content: string) => ({
  name: 'write',
  'ansible.builtin.copy': { dest: file, content },
});

test('what it is told arrives as it is, whatever it looks like, and nothing of it is carried out', async () => {
  const texts = fc.sample(fc.string({ unit: 'binary-ascii', maxLength: 40 }), { numRuns: 200, seed: 1 });
  const odd = [
    '6379',
    '2.0',
    'yes',
    'null',
    '~',
    'ü 😀 \u2028',
    "{{ lookup('pipe', 'touch pwned') }}",
    '{% raw %}',
  ];
  const sent = [...odd, ...texts].filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
  const out = join(sshd.directory, 'told.json');
  const file = await playbook('told', WRITE(out, '{{ told | to_json }}'));
  const { exitCode, results } = await ansible.play(play(file, { told: sent }));

  expect({ exitCode, results }).toMatchObject({ exitCode: 0, results: [{ event: 'ok', task: 'write' }] });
  expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(sent);
  expect(existsSync(join(sshd.directory, 'pwned'))).toBe(false);
}, 60_000);

describe('a host whose key is not on file is not spoken to, whatever an inventory says', () => {
  const NOT_SPOKEN_TO = {
    code: 'CONNECTION_LOST',
    message: expect.stringMatching(/did not answer Ansible: .*Host key verification failed/s),
  };

  async function stranger(): Promise<AnsibleHost> {
    const target = await sshd.trusting('');
    const inventory = join(sshd.directory, 'inventory.ini');
    const careless = `-o StrictHostKeyChecking=no -o UserKnownHostsFile=${join(sshd.directory, 'known_hosts')}`;
    const says = ['ansible_ssh_common_args', 'ansible_ssh_args'].map((name) => `${name}="${careless}"`);
    await writeFile(inventory, `${target.name} ansible_host=127.0.0.9 ${says.join(' ')}\n`);
    return { target, inventory };
  }

  test('by a playbook of a team', async () => {
    const file = await playbook('stranger', { name: 'ping', 'ansible.builtin.ping': {} });
    await expect(
      new AnsibleProgram(ansible).plain(await stranger(), { playbook: file, vars: {} }),
    ).rejects.toMatchObject(NOT_SPOKEN_TO);
  }, 60_000);

  test('by what safeguard asks itself', async () => {
    const request = {
      application: 'demo',
      environment: 'test',
      operation: 'activate',
    } as unknown as AnsibleRequest;
    await expect(new AnsibleProgram(ansible).requests(await stranger(), [request], {})).rejects.toMatchObject(
      NOT_SPOKEN_TO,
    );
  }, 60_000);
});

describe('a failure', () => {
  test('says the task and its words, and the first one counts', async () => {
    const fail = (msg: string) => ({ name: `task ${msg}`, 'ansible.builtin.fail': { msg } });
    const file = await playbook('fails', fail('one'), fail('two'));
    const program = new AnsibleProgram(ansible);
    await expect(program.plain(host(), { playbook: file, vars: {} })).rejects.toMatchObject({
      code: 'ANSIBLE_FAILED',
      message: expect.stringMatching(/the task "task one" failed: .*one/),
    });
  }, 60_000);

  test('of a playbook that is none has the words of Ansible', async () => {
    const file = join(sshd.directory, 'none.yml');
    await writeFile(file, 'hosts: all');
    const program = new AnsibleProgram(ansible);
    await expect(program.plain(host(), { playbook: file, vars: {} })).rejects.toMatchObject({
      code: 'ANSIBLE_FAILED',
      message: expect.stringContaining('playbook must be a list of plays'),
    });
  }, 60_000);

  test('of a task that would ask the runner in place of the host is told before anything is asked', async () => {
    const file = await playbook('local', {
      name: 'activate',
      connection: 'local',
      safeguard_host: { request: '{{ safeguard_request }}' },
    });
    const request = { operation: 'activate' } as unknown as AnsibleRequest;
    const program = new AnsibleProgram(ansible);
    await expect(program.own(host(), { playbook: file, vars: {} }, request)).rejects.toMatchObject({
      code: 'ANSIBLE_FAILED',
      message: expect.stringContaining('is carried out by ssh only, and this task has the connection local'),
    });
  }, 60_000);

  test('to start it is told as such', async () => {
    await expect(new Ansible('/nowhere').version()).rejects.toMatchObject({ code: 'ANSIBLE_MISSING' });
  });

  test('to start it is asked for until it was seen to start', async () => {
    const bin = join(sshd.directory, 'bin');
    const program = new AnsibleProgram(new Ansible(bin));
    const { signal } = new AbortController();
    await expect(program.assertThere(signal)).rejects.toMatchObject({ code: 'ANSIBLE_MISSING' });
    await mkdir(bin);
    await writeFile(join(bin, 'ansible-playbook'), '#!/bin/sh\necho there\n', { mode: 0o755 });
    await program.assertThere(signal);
    await rm(bin, { recursive: true });
    await program.assertThere(signal);
  });
});

test('when it is stopped, the play, what it has forked and its ssh end, and the reason is told', async () => {
  const marker = join(sshd.directory, 'under-way');
  const file = await playbook('hangs', {
    name: 'hang',
    'ansible.builtin.shell': `touch ${marker}; exec sleep 600`,
  });
  const stop = new AbortController();
  const played = ansible.play(play(file), { signal: stop.signal });
  const settled = expect(played).rejects.toThrow('enough');
  await waitUntil('it hangs', () => Promise.resolve(existsSync(marker)), 60_000, 50);
  expect(withWord('hangs.yml').length).toBeGreaterThan(1);
  stop.abort(new Error('enough'));
  await settled;

  await waitUntil(
    'its processes are gone',
    () => Promise.resolve(withWord('hangs.yml').length === 0),
    10_000,
    50,
  );
  const ssh = withWord(`Port=${sshd.port}`).filter((line) => line.startsWith('ssh'));
  expect(ssh).toEqual([]);
}, 60_000);

test('a play whose worker is gone before it could begin does not begin', async () => {
  const bin = join(await ansibleVenv(), 'bin');
  const out = join(sshd.directory, 'begun');
  const file = await playbook('late', { ...WRITE(out, 'begun'), delegate_to: 'localhost' });
  const begin = (env: Record<string, string>) =>
    execa(join(bin, 'ansible-playbook'), ['-i', 'web-1,', file], {
      env: { ...ansibleEnvironment(process.env, bin, sshd.directory), ...env },
      extendEnv: false,
      reject: false,
    });
  expect(await begin({ SAFEGUARD_WORKER: String(process.ppid) })).toMatchObject({ exitCode: 1, stdout: '' });
  expect(existsSync(out)).toBe(false);
  await begin({ SAFEGUARD_WORKER: String(process.pid) });
  expect(existsSync(out)).toBe(true);
}, 60_000);

test('when the play itself is killed, what it has forked ends too, and nobody knows what was carried out', async () => {
  const marker = join(sshd.directory, 'killed');
  const file = await playbook('dies', {
    name: 'hang',
    'ansible.builtin.shell': `touch ${marker}; exec sleep 600`,
  });
  const program = new AnsibleProgram(ansible);
  const settled = expect(program.plain(host(), { playbook: file, vars: {} })).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    message: expect.stringContaining('Ansible was killed'),
  });
  await waitUntil('it hangs', () => Promise.resolve(existsSync(marker)), 60_000, 50);
  const [first] = pidsWithWord('dies.yml').sort((one, other) => one - other);
  process.kill(first ?? 0, 'SIGKILL');
  await settled;
  await waitUntil(
    'its processes are gone',
    () => Promise.resolve(withWord('dies.yml').length === 0),
    10_000,
    50,
  );
}, 90_000);
