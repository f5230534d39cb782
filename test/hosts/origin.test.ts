import { appendFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunRecord } from '../../src/domain/run.js';
import { FakeGithub } from '../fakes/github/server.js';
import { CampusLab, ended, until, type Ended } from './campus-lab.js';

let campus: CampusLab;
let github: FakeGithub;

beforeAll(async () => {
  github = await FakeGithub.start();
  process.env['FAKE_GITHUB_TOKEN'] = github.token;
  campus = await CampusLab.open();
  const where = { repository: 'acme/campus', api: github.url, token: { env: 'FAKE_GITHUB_TOKEN' } };
  await appendFile(campus.configFile, `\ngithub: ${JSON.stringify(where)}\n`);
  await campus.startWorker();
}, 60_000);
afterAll(async () => {
  await campus.close();
  await github.stop();
}, 60_000);

/** Commits of the repository: `good` has a tag for every version below, is on main, and its checks are green. */
let good: string;
let aside: string;
beforeEach(() => {
  const { repository } = github;
  const older = repository.commit('older');
  good = repository.commit('good', older);
  aside = repository.commit('aside', older);
  repository.branch('main', repository.commit('newer', good), {
    protection: [{ context: 'build' }],
    rules: [{ context: 'test' }],
  });
  for (const commit of [good, aside])
    for (const check of ['build', 'test']) repository.report(commit, check, 'success');
});
afterEach(() => github.reset());

/** Builds a release from a commit, tags a commit with it, and starts its deployment. */
async function start(version: string, tagged = good, built = tagged): Promise<WorkflowHandle> {
  github.repository.annotated(`v${version}`, tagged);
  await campus.release(version, { commit: built });
  return campus.start(version);
}

async function recordOf(run: WorkflowHandle): Promise<RunRecord | undefined> {
  return (await campus.records()).find(({ workflowId }) => workflowId === run.workflowId);
}

/** The activities that a run has asked for. */
async function activities(run: WorkflowHandle): Promise<string[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap((event) => {
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    return name ? [name] : [];
  });
}

/** Everything of releases that lies on the hosts. */
async function staged(): Promise<string[]> {
  const look = ['find', '/opt/campus-production', '-maxdepth', '2'];
  return Promise.all(campus.webHosts.map(async (host) => (await campus.lab.run(host, look)).stdout));
}

/** What would have asked a host, or for the environment's place. */
const BEYOND = ['enqueue', 'plan', 'capture', 'adopt', 'stage', 'activate', 'migrate', 'restore', 'commit'];

/** The end of a run that was refused; fails when it did more than judge. */
async function refused(begin: () => Promise<WorkflowHandle>): Promise<Ended & { readonly code?: string }> {
  const before = await staged();
  const run = await begin();
  const end = await ended(run);
  expect(end).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  const asked = await activities(run);
  expect(asked).toContain('validate');
  expect(BEYOND.filter((name) => asked.includes(name))).toEqual([]);
  expect(await staged()).toEqual(before);
  const code = (await recordOf(run))?.failure?.code;
  return code === undefined ? end : { ...end, code };
}

test('a release from where production wants it is deployed, and its record says who looked', async () => {
  const run = await start('1.0.0');
  expect(await ended(run)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');

  const record = await recordOf(run);
  expect(record?.provenance).toEqual({
    by: 'github',
    commit: good,
    ref: 'refs/tags/v1.0.0',
    findings: [
      `Tag v1.0.0 is commit ${good.slice(0, 12)}.`,
      'release.json says that the release was built from it.',
      'It is on branch main.',
      'Every check that counts is green (branch main requires them): build, test.',
    ],
  });
  expect(record?.steps.find(({ title }) => title === 'validate')?.detail).toContain('It is on branch main.');
}, 120_000);

test('a red check stops it before anything is changed', async () => {
  github.repository.report(good, 'test', 'failure');
  expect(await refused(() => start('2.0.0'))).toMatchObject({
    code: 'RELEASE_NOT_ALLOWED',
    message: expect.stringContaining('test is failure'),
  });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 60_000);

test('so does one that is still running', async () => {
  github.repository.report(good, 'build', 'in_progress');
  expect(await refused(() => start('2.0.1'))).toMatchObject({
    code: 'RELEASE_NOT_ALLOWED',
    message: expect.stringContaining('build is pending (in_progress). Checks are not waited for'),
  });
}, 60_000);

test('so does a commit that is not on main', async () => {
  expect(await refused(() => start('2.0.2', aside))).toMatchObject({
    code: 'RELEASE_NOT_ALLOWED',
    message: expect.stringContaining('is on none of the branches that are allowed: main'),
  });
}, 60_000);

test('so does a release that was built from another commit than its tag', async () => {
  expect(await refused(() => start('2.0.3', good, aside))).toMatchObject({
    code: 'RELEASE_NOT_ALLOWED',
    message: expect.stringContaining('The release was built from commit'),
  });
}, 60_000);

test('GitHub is away', async () => {
  github.always = { kind: 'reset' };
  expect(await refused(() => start('2.0.4'))).toMatchObject({ code: 'GITHUB_UNREACHABLE' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 60_000);

test('GitHub wants to be left alone for a moment: the run waits, and goes on', async () => {
  github.troubles.push({ kind: 'limit', resetInSeconds: 1 });
  const run = await start('2.0.5');
  expect(await ended(run)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.5');
  expect((await recordOf(run))?.provenance).toMatchObject({ by: 'github' });
}, 120_000);

test('GitHub wants to be left alone for longer: an abort is not kept waiting', async () => {
  github.always = { kind: 'limit', resetInSeconds: 200 };
  const run = await start('2.0.6');
  await until('GitHub was asked', () => Promise.resolve(github.requests.length > 0));
  await campus.abort(run, 'not today');
  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'WITHDRAWN' });
  expect(github.requests).toHaveLength(1);
  expect(await campus.servedEverywhere()).toBe('2.0.5');
}, 60_000);
