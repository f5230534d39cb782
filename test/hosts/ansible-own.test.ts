import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Lab } from '../../lab/lab.js';
import { HANGS, NOTE, ownPlaybooks } from './ansible-playbooks.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { photograph } from './photograph.js';
import { runCli } from './run-cli.js';

// A team's inventory and its own playbooks.
let directory: string;
let campus: CampusLab;

async function inventory(lab: Lab): Promise<string> {
  const file = join(directory, 'inventory.yml');
  const web = lab.hosts.filter(({ role }) => role === 'web');
  const hosts = Object.fromEntries(web.map(({ name, address }) => [name, { ansible_host: address }]));
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
  const { exitCode } = await campus.lab.run(host, ['pgrep', '-f', '^/usr/bin/sleep 45']);
  return exitCode === 0;
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

test('a playbook that is not there is told before anything is changed', async () => {
  await rm(join(directory, 'undo.yml'));
  const before = await photograph(campus);
  await campus.release('3.0.0');
  const run = await campus.deploy('3.0.0');
  expect(run).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(run.message).toMatch(/components\.backend\.undo_playbook .*undo\.yml can't be read/);
  expect(await photograph(campus)).toEqual(before);
}, 120_000);
