import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CampusLab } from './campus-lab.js';
import { plantArchive } from './hostile-archives.js';
import { photograph } from './photograph.js';
import { runCli } from './run-cli.js';

let campus: CampusLab;
let versions = 0;
beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 300_000);
afterAll(() => campus.close(), 60_000);

/** What staging may touch: releases beside those that serve, and the host's journal, in which the run's token stands. */
const STAGING = / \/opt\/campus-production\/releases[ /]| \/var\/lib\/safeguard\//;

async function unstaged(): Promise<string[]> {
  return (await photograph(campus)).filter((line) => !STAGING.test(line));
}

/** Paths of what staging left, below the releases: scratch, and the component that was refused. */
async function leftOf(digest: string | null | undefined): Promise<string[]> {
  const releases = '/opt/campus-production/releases';
  const argv = [
    'find',
    releases,
    '-name',
    '.staging-*',
    '-o',
    '-path',
    `${releases}/${digest ?? ''}/*backend*`,
  ];
  const found = await Promise.all(campus.webHosts.map((host) => campus.lab.run(host, argv)));
  return found.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
}

const ARCHIVES: readonly (readonly [what: string, says: RegExp])[] = [
  ['a path upwards', /the archive has a path that is not allowed: '\.\.\/outside'/],
  ['an absolute path', /the archive has a path that is not allowed: '\/etc\/cron\.d\/outside'/],
  ['an absolute link', /the link l leads outside/],
  ['a link upwards', /the link l leads outside/],
  ['a link that dangles', /the link l leads nowhere/],
  ['a path through a link', /a path through l, which is no directory/],
  ['a hard link to outside', /a path that is not allowed|leads to no file of this archive/],
  ['a device', /d is neither file, directory nor link/],
  ['a named pipe', /d is neither file, directory nor link/],
  ['a set-uid program', /p is a set-uid or set-gid file/],
  ['a hundred thousand files', /more than 20000 files/],
  ['ten gigabytes', /more than 20000 files or 4294967296 bytes/],
  ['a sparse file with an endless map', /sparse file/],
  ['a truncated archive', /the archive cannot be read/],
  ['no archive', /the archive cannot be read/],
];

async function deploy(version: string) {
  return runCli(campus, 'deploy', 'production', '--version', version, '--by', 'ada', '--follow');
}

test.each(ARCHIVES)(
  'an archive with %s is refused in a sentence before anything is changed, and nothing of it stays',
  async (what, says) => {
    versions += 1;
    const version = `1.1.${versions}`;
    await campus.release(version);
    await plantArchive(campus, version, what);
    const before = await unstaged();
    const end = await deploy(version);

    expect(end.last).toMatch(/^REFUSED: .*web-\d/);
    expect(end.last).toMatch(says);
    expect(end.exitCode).toBe(2);
    expect(await unstaged()).toEqual(before);
    const record = (await campus.records()).find((one) => one.version === version);
    expect(record).toMatchObject({ outcome: 'REFUSED', failure: { code: 'HOST_REFUSED' } });
    expect(await leftOf(record?.digest)).toEqual([]);
  },
  180_000,
);

test('an archive that is not the one of its checksum is refused before any host is asked', async () => {
  await campus.release('1.2.0');
  await appendFile(join(campus.directory, 'releases', '1.2.0', 'backend.tar.gz'), 'x');
  const before = await photograph(campus);
  const end = await deploy('1.2.0');

  expect(end.last).toMatch(/^REFUSED: .*SHA256SUMS says/);
  expect(end.exitCode).toBe(2);
  expect(await photograph(campus)).toEqual(before);
}, 120_000);
