import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { waitUntil } from '../../../lab/waiting.js';
import { ansibleVenv } from '../../../setup/ansible.js';
import { Ansible, REQUESTS } from '../../../src/adapters/ansible/ansible.js';
import { ansibleEnvironment, connectionVars, type Secrets } from '../../../src/adapters/ansible/command.js';
import type { TaskResult } from '../../../src/adapters/ansible/events.js';
import { startSshd, type Sshd } from '../ssh/sshd.js';
import { pidsWithWord } from './processes.js';

// Plays of `requests.yml` by a real Ansible.
let sshd: Sshd;
let ansible: Ansible;

beforeAll(async () => {
  sshd = await startSshd();
  ansible = new Ansible(join(await ansibleVenv(), 'bin'));
}, 300_000);
afterAll(() => sshd.stop());

const request = { operation: 'activate', application: 'demo', environment: 'test' };
/** By which its processes are told from those of other suites. */
const name = 'web-1-ahead';
const waiting = () => {
  const vars = { safeguard_connections: { [name]: connectionVars({ ...sshd.target, name }) } };
  return ansible.start({ hosts: [name], inventory: null, vars, mode: 'carry-out' });
};
const processes = () => pidsWithWord(name);

/** Whoever logs in finds a `sudo` that answers, as safeguard-host would, with what it was asked. */
async function answerAsSudo(): Promise<void> {
  const bin = join(sshd.directory, 'bin');
  await mkdir(bin, { recursive: true });
  const script = `#!/bin/sh\nread -r asked\nprintf '{"type": "result", "result": %s}\\n' "$asked"\n`;
  await writeFile(join(bin, 'sudo'), script, { mode: 0o755 });
}

test('a started play asks its hosts for what it is told, as it is', async () => {
  const started = waiting();
  await waitUntil('it waits', () => Promise.resolve(processes().length > 0), 60_000, 50);
  const odd = { ...request, component: '{{ 6 * 7 }}' };
  const tasks: string[] = [];
  const told = { requests: { [name]: [odd] }, secrets: {} };
  const results: TaskResult[] = [];
  const { exitCode } = await started.carryOut(told, {
    onTask: (task) => tasks.push(task),
    onResult: (result) => results.push(result),
    isComplete: () => true,
  });
  // There is no safeguard-host at this sshd: it says which program it was asked for.
  expect({ exitCode, tasks }).toEqual({ exitCode: 2, tasks: ['Carry out'] });
  expect(results).toMatchObject([{ event: 'failed', action: 'safeguard_host' }]);
}, 60_000);

test('a started play carries out one thing after the other, with no secrets but those of each', async () => {
  await answerAsSudo();
  const started = waiting();
  const archive = join(sshd.directory, 'archive');
  await writeFile(archive, 'bytes');
  const carryOut = async (secrets: Secrets) => {
    const results: TaskResult[] = [];
    const asked = { ...request, operation: 'stage', component: 'backend', archive };
    const told = { requests: { [name]: [asked, request] }, secrets };
    const ended = await started.carryOut(told, {
      onResult: (result) => results.push(result),
      isComplete: () => results.length === 2,
    });
    return { ended, answers: results.map(({ result }) => result) };
  };
  try {
    const ended = { exitCode: 0, stderr: '' };
    const one = await carryOut({ backend: { PASSWORD: 'one of some length' } });
    expect(one).toMatchObject({
      ended,
      answers: [{ secrets: { PASSWORD: 'one of some length' } }, request],
    });
    // It is there before what it forks.
    const [before = 0] = processes().sort((first, other) => first - other);
    for (const secrets of [{ backend: { PASSWORD: 'two' } }, {}]) {
      const next = await carryOut(secrets);
      expect(next).toMatchObject({ ended, answers: [{ operation: 'stage' }, request] });
      expect(next.answers[0]).toHaveProperty('secrets', secrets.backend ?? {});
    }
    expect(processes()).toContain(before);
  } finally {
    await started.end();
    await rm(join(sshd.directory, 'bin'), { recursive: true });
  }
  expect(processes()).toEqual([]);
}, 60_000);

test('a started play ends where it has come to its end without all answers', async () => {
  const started = waiting();
  const told = { requests: { [name]: [] }, secrets: {} };
  const { exitCode } = await started.carryOut(told, { isComplete: () => false });
  expect(exitCode).toBe(1);
  expect(processes()).toEqual([]);
}, 60_000);

test('a started play that is never told anything carries out nothing, and ends when it is not needed', async () => {
  const started = waiting();
  await waitUntil('it waits', () => Promise.resolve(processes().length > 0), 60_000, 50);
  await started.end();
  expect(processes()).toEqual([]);
}, 60_000);

test.each([
  ['', false],
  [', and that can not say so,', true],
])(
  'a started play whose worker is gone before it was told%s carries out nothing',
  async (_, isDeaf) => {
    const bin = join(await ansibleVenv(), 'bin');
    const env = { ...ansibleEnvironment(process.env, bin, sshd.directory), SAFEGUARD_REQUESTS: '0' };
    const child = execa(join(bin, 'ansible-playbook'), ['-i', 'web-1,', REQUESTS], {
      env,
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      buffer: { stdout: false },
    });
    if (isDeaf) child.stdout.destroy();
    const { exitCode, stderr } = await child;
    // 120: Python could not write what it had left.
    expect(exitCode).toBe(isDeaf ? 120 : 1);
    expect(stderr).not.toContain('Callback');
  },
  60_000,
);
