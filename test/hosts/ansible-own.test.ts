import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { Lab } from '../../lab/lab.js';
import { breakUndo, HANGS, LINGERS, NOTE, ownPlaybooks } from './ansible-playbooks.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus } from './lost-hosts.js';
import { photograph } from './photograph.js';
import { runCli } from './run-cli.js';
import { WorkerProcess } from './worker-process.js';

// A team's inventory and its own playbooks.
let directory: string;
let campus: CampusLab;

/** `said`: what it says of a host beside its address. */
async function inventory(lab: Lab, said: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const file = join(directory, 'inventory.yml');
  const web = lab.hosts.filter(({ role }) => role === 'web');
  const hosts = Object.fromEntries(
    web.map(({ name, address }) => [name, { ansible_host: address, ...(said[name] ?? {}) }]),
  );
  await writeFile(file, JSON.stringify({ all: { children: { web: { hosts } } } }));
  return file;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-own-'));
  const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
  campus = await CampusLab.open({
    carriedOut: await ownPlaybooks(directory),
    inventory: { file: await inventory(lab), group: 'web' },
  });
  await campus.startWorker();
  await campus.release('1.0.0');
}, 60_000);
afterAll(async () => {
  for (const host of campus.webHosts) {
    await until(`nothing of a play goes on at ${host}`, async () => !(await hangs(host)));
    await campus.lab.run(host, ['sh', '-c', `rm -f ${NOTE}*`]);
  }
  await campus.close();
  await rm(directory, { recursive: true });
}, 120_000);

/** Whether the long task of a playbook goes on there; it does although its play was ended. */
async function hangs(host: string): Promise<boolean> {
  const { exitCode } = await campus.lab.run(host, ['pgrep', '-f', '^/usr/bin/sleep (9|45)']);
  return exitCode === 0;
}

/** The processes of plays of these playbooks on this machine; `''`: there are none. */
async function plays(): Promise<string> {
  const { stdout } = await execa('pgrep', ['-f', `ansible-playbook .*${directory}/`], { reject: false });
  return stdout;
}

/** What each host noted of a component; `''`: nothing. */
async function notes(component: string): Promise<string[]> {
  const read = async (host: string): Promise<string> =>
    (await campus.lab.run(host, ['cat', `${NOTE}${component}`])).stdout;
  return Promise.all(campus.webHosts.map(read));
}

test('a dry run has Ansible say what it would do, and every host stays exactly as it is', async () => {
  const before = await photograph(campus);
  const dry = await runCli(campus, 'deploy', 'production', '--version', '1.0.0', '--dry-run');
  expect(dry.exitCode).toBe(0);
  expect(dry.lines).toContain('Ansible, --check --diff:');
  expect(dry.lines).toContainEqual(
    expect.stringMatching(/web-1 +backend +stages backend 1\.0\.0; starts backend once it is staged/),
  );
  expect(dry.lines).toContainEqual(expect.stringMatching(/backend .*by Ansible with .*activate\.yml/));
  expect(await photograph(campus)).toEqual(before);
}, 120_000);

test("hosts come from the inventory, and the team's playbook activates each component", async () => {
  expect(await campus.deploy('1.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(new Set([...(await notes('backend')), ...(await notes('frontend'))])).toEqual(new Set(['1.0.0']));
}, 180_000);

test('on the way back every host serves the old release, and what the playbook did beside it is undone', async () => {
  await campus.release('2.0.0', { misbehave: 'wrong-version' });
  const run = await campus.deploy('2.0.0');
  expect(run).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(new Set([...(await notes('backend')), ...(await notes('frontend'))])).toEqual(new Set(['']));
}, 240_000);

test('a host that is cut off while its playbook goes on is missed within seconds; healed, it is brought back', async () => {
  await campus.release(HANGS);
  const run = await campus.start(HANGS);
  await until('web-1 is in the middle', async () => {
    return hangs('web-1');
  });
  await campus.lab.fault('web-1', 'cut');
  try {
    await until('the run knows', async () => {
      const { steps } = await campus.progress(run);
      return steps.some(({ hosts }) => hosts['web-1'] === 'failed');
    });
    await campus.abort(run, 'web-1 is away');
    await until('it is on its way back', async () => (await campus.progress(run)).phase === 'rolling-back');
  } finally {
    await campus.lab.fault('web-1', 'heal');
  }
  const end = await ended(run);
  expect(end).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 240_000);

test('what can’t be undone is PARTIAL with the reason of each host, and refuses new releases until it is undone', async () => {
  await campus.release('2.1.0', { misbehave: 'wrong-version' });
  const mend = await breakUndo(directory);
  try {
    const run = await campus.deploy('2.1.0');
    expect(run).toMatchObject({ status: 'FAILED', outcome: 'PARTIAL' });
    expect(run.message).toMatch(/frontend was not carried out on web-2: .*the load balancer is away/s);
    expect(run.message).toMatch(/frontend was not carried out on web-3: .*did not answer Ansible/s);
    expect(await campus.servedEverywhere()).toBe('1.0.0');
    expect(await notes('frontend')).toEqual(['', '2.1.0', '2.1.0']);
    expect((await campus.incidents()).map(({ failedVersion }) => failedVersion)).toContain('2.1.0');
    expect(await campus.deploy('2.1.0')).toMatchObject({ outcome: 'REFUSED' });
    expect((await environmentStatus(campus)).quarantine).not.toBeNull();
  } finally {
    await mend();
  }
  await until('it is undone', async () => (await environmentStatus(campus)).quarantine === null, 180_000);
  expect(new Set([...(await notes('backend')), ...(await notes('frontend'))])).toEqual(new Set(['']));
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 400_000);

test('a worker is killed while a playbook goes on: the next one carries it out again, to one release everywhere', async () => {
  await campus.stopWorker();
  const doomed = await WorkerProcess.start(campus);
  await campus.release(LINGERS);
  const run = await campus.start(LINGERS);
  await until('web-1 is in the middle', () => hangs('web-1'));
  expect(await plays()).not.toBe('');
  await doomed.signal('SIGKILL');
  await until('its play has ended', async () => (await plays()) === '');
  // Not because it was through: what it has begun on a host goes on.
  expect(await hangs('web-1')).toBe(true);
  await campus.startWorker();
  expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe(LINGERS);
  expect(new Set([...(await notes('backend')), ...(await notes('frontend'))])).toEqual(new Set([LINGERS]));
}, 240_000);

test('an inventory by which a play would change the runner is refused before anything is changed', async () => {
  await campus.release('3.0.0');
  const before = await photograph(campus);
  await inventory(campus.lab, { 'web-2': { ansible_connection: 'local' } });
  const run = await campus.deploy('3.0.0');
  await inventory(campus.lab);
  expect(run).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(run.message).toMatch(/ansible_connection of web-2 is "local", and hosts are reached by ssh only/);
  expect(await photograph(campus)).toEqual(before);
}, 120_000);

test('a playbook that is not there is told before anything is changed', async () => {
  await rm(join(directory, 'undo.yml'));
  const before = await photograph(campus);
  const run = await campus.deploy('3.0.0');
  expect(run).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(run.message).toMatch(/components\.backend\.undo_playbook .*undo\.yml can't be read/);
  expect(await photograph(campus)).toEqual(before);
}, 120_000);
