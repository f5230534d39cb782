import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Limits } from '../../src/adapters/github/patience.js';
import { openRepository, type OriginRepository } from '../../src/adapters/github/repository.js';
import { freePort } from '../../src/dev/ports.js';
import { FakeGithub } from '../fakes/github/server.js';
import { sha } from '../fakes/github/world.js';

const TOKEN = { env: 'FAKE_GITHUB_TOKEN' };
/** As the product's, but quick between tries of what nobody answered. */
const LIMITS: Limits = { requestMs: 2000, delaysMs: [10, 10, 10], waitMs: 300_000 };

let github: FakeGithub;
let said: string[];
let stop: AbortController;

beforeAll(async () => {
  github = await FakeGithub.start();
}, 60_000);
afterAll(() => github.stop());
beforeEach(() => {
  process.env['FAKE_GITHUB_TOKEN'] = github.token;
  said = [];
  stop = new AbortController();
});
afterEach(() => github.reset());

function open(over: { repository?: string; api?: string; limits?: Limits } = {}): OriginRepository {
  const { repository = 'acme/campus', api = github.url, limits = LIMITS } = over;
  const watch = { signal: stop.signal, say: (text: string) => void said.push(text) };
  return openRepository({ repository, api, token: TOKEN }, watch, limits);
}

/** A branch `main` with two commits, and what it requires. */
function history(required: Parameters<typeof github.repository.branch>[2] = {}): [string, string] {
  const first = github.repository.commit('first');
  const second = github.repository.commit('second', first);
  github.repository.branch('main', second, required);
  return [first, second];
}

async function main(): Promise<NonNullable<Awaited<ReturnType<OriginRepository['branch']>>>> {
  const found = await open().branch('main');
  if (!found) throw new Error('there is no main');
  return found;
}

test('it is known when the token expires, where GitHub says so', async () => {
  const silent = open();
  await silent.defaultBranch();
  expect(silent.tokenExpiry).toBeNull();
  github.tokenExpiry = '2026-12-24 18:00:00 UTC';
  const repository = open();
  await repository.defaultBranch();
  expect(repository.tokenExpiry?.toISOString()).toBe('2026-12-24T18:00:00.000Z');
});

describe('the fake GitHub', () => {
  const ask = (path: string): Promise<Response> =>
    fetch(`${github.url}${path}`, { headers: { authorization: `token ${github.token}` } });

  test('refuses what GitHub’s description does not know', async () => {
    history();
    expect((await ask('/repos/acme/campus/branches/main')).status).toBe(200);
    expect((await ask('/repos/acme/campus/nonsense')).status).toBe(404);
    expect((await ask(`/repos/acme/campus/commits/${sha('first')}/check-runs?filter=newest`)).status).toBe(
      422,
    );
    expect((await ask('/repos/acme/campus/rules/branches/main?page=first')).status).toBe(422);
    expect((await fetch(`${github.url}/repos/acme/campus`)).status).toBe(401);
  });
});

describe('a tag', () => {
  test('leads to its commit, directly or through a tag object', async () => {
    const [first, second] = history();
    github.repository.tags.set('v1.0.0', first);
    github.repository.annotated('v2.0.0', second);
    expect(await open().tagCommit('v1.0.0')).toBe(first);
    expect(await open().tagCommit('v2.0.0')).toBe(second);
  });

  test('that is not there is none, whatever begins like it', async () => {
    const [first] = history();
    github.repository.tags.set('v1.0.0-rc.1', first);
    github.repository.branch('v1.0.0', first);
    expect(await open().tagCommit('v1.0.0')).toBeNull();
  });

  test('that leads to something else than a commit is refused', async () => {
    github.repository.tagObjects.set(sha('t'), { type: 'tree', sha: sha('tree') });
    github.repository.tags.set('v1.0.0', sha('t'));
    await expect(open().tagCommit('v1.0.0')).rejects.toMatchObject({
      code: 'RELEASE_NOT_ALLOWED',
      message: expect.stringContaining('leads to no commit, but to a tree'),
    });
  });
});

describe('a commit', () => {
  test('is found by its beginning', async () => {
    const [first] = history();
    expect(await open().commit(first)).toBe(first);
    expect(await open().commit(first.slice(0, 9))).toBe(first);
    expect(await open().commit('0'.repeat(40))).toBeNull();
  });

  test('is not the branch that is named like it', async () => {
    const [first, second] = history();
    github.repository.branch(first.slice(0, 9), second);
    expect(await open().commit(first.slice(0, 9))).toBeNull();
  });

  test('is on a branch when the branch has it', async () => {
    const [first, second] = history();
    const ahead = github.repository.commit('ahead', second);
    const beside = github.repository.commit('beside', first);
    const foreign = github.repository.commit('foreign');
    const branch = await main();
    expect(await open().contains(branch, first)).toBe(true);
    expect(await open().contains(branch, second)).toBe(true);
    for (const other of [ahead, beside, foreign]) expect(await open().contains(branch, other)).toBe(false);
  });

  test('is compared by SHA: a tag that is named as the branch changes nothing', async () => {
    const [first, second] = history();
    await open().contains(await main(), first);
    expect(github.requests.at(-1)?.path).toContain(`compare/${second}...${first}`);
  });
});

test('a branch is not the one that had its name before', async () => {
  history();
  github.repository.renamed.set('master', 'main');
  expect(await open().branch('main')).not.toBeNull();
  expect(await open().branch('master')).toBeNull();
  expect(await open().branch('release/1.x')).toBeNull();
});

describe('required checks', () => {
  const required = { protection: [{ context: 'build' }], rules: [{ context: 'lint', app: 7 }] };

  test('are those of the protection and those of the rules', async () => {
    history(required);
    expect(await open().requiredChecks(await main())).toEqual([
      { name: 'build', app: null },
      { name: 'lint', app: 7 },
    ]);
  });

  test('are none where nothing protects the branch', async () => {
    history();
    expect(await open().requiredChecks(await main())).toEqual([]);
  });

  test.each(['protection', 'rules'] as const)('are unknown where the token may not see %s', async (what) => {
    history(required);
    github.repository.hidden.add(what);
    expect(await open().requiredChecks(await main())).toBeNull();
  });

  test('are those of the protection where a server has no rules yet', async () => {
    history(required);
    const branch = await main();
    github.troubles.push({ kind: 'answer', status: 404 });
    expect(await open().requiredChecks(branch)).toEqual([{ name: 'build', app: null }]);
  });
});

describe('reports of a commit', () => {
  test('are check runs and statuses, the latest of each', async () => {
    const [first] = history();
    github.repository.report(first, 'build', 'failure');
    github.repository.report(first, 'build', 'success');
    github.repository.report(first, 'build', 'in_progress', 7);
    github.repository.report(first, 'docs', 'skipped');
    github.repository.report(first, 'lint', 'timed_out');
    github.repository.status(first, 'ci/legacy', 'error');
    github.repository.status(first, 'ci/slow', 'pending');
    expect(await open().reports(first)).toEqual([
      { name: 'build', app: 15_368, state: 'green', word: 'success' },
      { name: 'build', app: 7, state: 'pending', word: 'in_progress' },
      { name: 'docs', app: 15_368, state: 'green', word: 'skipped' },
      { name: 'lint', app: 15_368, state: 'red', word: 'timed_out' },
      { name: 'ci/legacy', app: null, state: 'red', word: 'error' },
      { name: 'ci/slow', app: null, state: 'pending', word: 'pending' },
    ]);
  });

  test('are read page by page', async () => {
    const [first] = history();
    for (let count = 0; count < 230; count += 1) github.repository.report(first, `check ${count}`, 'success');
    github.repository.report(first, 'last', 'failure');
    const reports = await open().reports(first);
    expect(reports).toHaveLength(231);
    expect(reports.at(-1)).toMatchObject({ name: 'last', state: 'red' });
  });
});

describe('GitHub says no', () => {
  test('to a repository that it does not show', async () => {
    await expect(open({ repository: 'acme/other' }).defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_DENIED',
      message: 'GitHub does not show acme/other to the token.',
    });
  });

  test('to a token, which stands in no message', async () => {
    process.env['FAKE_GITHUB_TOKEN'] = 'ghs_another_secret';
    const error: unknown = await open()
      .defaultBranch()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'GITHUB_DENIED',
      message: expect.stringContaining('refuses: 401 Bad credentials: token [secret]'),
    });
    expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain('ghs_');
  });

  test('to what a token may not read', async () => {
    github.troubles.push({ kind: 'answer', status: 403 });
    await expect(open().tagCommit('v1')).rejects.toMatchObject({ code: 'GITHUB_DENIED' });
    expect(github.requests).toHaveLength(1);
  });

  test('and a secret that is not there is not asked with', () => {
    delete process.env['FAKE_GITHUB_TOKEN'];
    expect(() => open()).toThrow(expect.objectContaining({ code: 'SECRET_MISSING' }));
  });
});

describe('GitHub wants to be left alone', () => {
  test.each([
    ['until a reset', { kind: 'limit', resetInSeconds: 1 }],
    ['for some seconds', { kind: 'secondary', retryAfterSeconds: 1 }],
    ['by 429', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }],
    ['by 503', { kind: 'answer', status: 503, headers: { 'retry-after': '1' } }],
  ] as const)('%s: it is asked again afterwards', async (_title, trouble) => {
    github.troubles.push(trouble);
    expect(await open().defaultBranch()).toBe('main');
    expect(github.requests).toHaveLength(2);
    expect(said).toEqual([expect.stringMatching(/^GitHub .*; asked again at \d{4}-\d\d-\d\dT/)]);
  });

  test.each([
    ['until a reset', { kind: 'limit', resetInSeconds: 3000 }],
    ['for some seconds', { kind: 'secondary', retryAfterSeconds: 3000 }],
    ['by 503', { kind: 'answer', status: 503, headers: { 'retry-after': '3000' } }],
  ] as const)('%s, for longer than a run waits: the error says until when', async (_title, trouble) => {
    github.always = trouble;
    await expect(open().defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
      message: expect.stringMatching(/wants to be asked again at \d{4}-\d\d-\d\dT\d\d:\d\d/),
    });
    expect(github.requests).toHaveLength(1);
  });

  test('again and again: all the waiting together has an end', async () => {
    github.always = { kind: 'secondary', retryAfterSeconds: 1 };
    await expect(open({ limits: { ...LIMITS, waitMs: 1500 } }).defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
    });
    expect(github.requests).toHaveLength(2);
  });

  test('and whoever is stopped meanwhile waits no longer', async () => {
    github.always = { kind: 'secondary', retryAfterSeconds: 200 };
    const asked = open().defaultBranch();
    const outcome = expect(asked).rejects.toThrow('the run was cancelled');
    while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort(new Error('the run was cancelled'));
    await outcome;
  });
});

describe('GitHub is away', () => {
  test.each([
    ['a server in between fails', { kind: 'answer', status: 502 }],
    ['the connection is lost', { kind: 'reset' }],
  ] as const)('%s: it is asked again', async (_title, trouble) => {
    github.troubles.push(trouble, trouble);
    expect(await open().defaultBranch()).toBe('main');
    expect(github.requests).toHaveLength(3);
  });

  test('for good', async () => {
    github.always = { kind: 'answer', status: 500 };
    await expect(open().defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
      message: expect.stringContaining('does not answer (500 trouble), asked 4 times'),
    });
    expect(github.requests).toHaveLength(4);
  });

  test('altogether', async () => {
    const api = `http://127.0.0.1:${await freePort()}`;
    await expect(open({ api }).defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('without a word', async () => {
    github.always = { kind: 'silence' };
    const limits = { ...LIMITS, requestMs: 50, delaysMs: [10] };
    await expect(open({ limits }).defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
      message: expect.stringContaining('no answer within 0.05 s'),
    });
    expect(github.requests).toHaveLength(2);
  });

  test('without a word, and whoever is stopped meanwhile waits no longer', async () => {
    github.always = { kind: 'silence' };
    const asked = open({ limits: { ...LIMITS, requestMs: 200_000 } }).defaultBranch();
    const outcome = expect(asked).rejects.toThrow('the run was cancelled');
    while (github.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort(new Error('the run was cancelled'));
    await outcome;
  });

  test('and something else answers in its place', async () => {
    github.always = { kind: 'html' };
    await expect(open().defaultBranch()).rejects.toMatchObject({
      code: 'GITHUB_UNREACHABLE',
      message: expect.stringContaining('does not answer as GitHub does'),
    });
  });
});
