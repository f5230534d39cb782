import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';

let campus: CampusLab;
let knownHosts: string;

beforeAll(async () => {
  campus = await CampusLab.open();
  knownHosts = campus.lab.knownHostsFile;
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  await campus.lab.fault('web-2', 'heal');
}, 30_000);
afterAll(() => campus.close(), 60_000);

test('a host that does not answer is found before anything is changed anywhere', async () => {
  await campus.lab.fault('web-2', 'cut');
  await campus.release('2.0.0');
  const run = await campus.deploy('2.0.0');

  expect(run).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(run.message).toMatch(/web-2/);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('a host that is lost in the middle and comes back is brought back with the others', async () => {
  await campus.release('2.0.1', { misbehave: 'slow-start', seconds: 6 });
  const run = await campus.start('2.0.1');
  await campus.untilStep(run, 'backend');
  await until('web-2 runs the new backend', async () => (await campus.serving('web-2')).backend !== '1.0.0');
  await campus.lab.fault('web-2', 'cut');
  await until('the way back begins', async () => (await campus.progress(run)).phase === 'rolling-back');
  await campus.lab.fault('web-2', 'heal');

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 180_000);

test('a host with another key than the one known is refused, whoever it is', async () => {
  await campus.stopWorker();
  const stranger = join(campus.directory, 'known_hosts');
  const lines = (await readFile(knownHosts, 'utf8')).trim().split('\n');
  const address = campus.lab.host('web-3').address;
  const keyOfOther =
    lines
      .find((line) => !line.startsWith(address))
      ?.split(' ')
      .slice(1)
      .join(' ') ?? '';
  await copyFile(campus.configFile, `${campus.configFile}.kept`);
  await writeFile(
    stranger,
    `${lines.filter((line) => !line.startsWith(address)).join('\n')}\n${address} ${keyOfOther}\n`,
  );
  const config = await readFile(campus.configFile, 'utf8');
  await writeFile(campus.configFile, config.replaceAll(knownHosts, stranger));
  await campus.startWorker();
  const run = await campus.deploy('2.0.0');

  expect(run).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(run.message).toMatch(/web-3/);
  const record = (await campus.records()).at(-1);
  expect(record?.failure?.code).toBe('HOST_KEY_MISMATCH');
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);
