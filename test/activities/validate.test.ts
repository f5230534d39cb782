import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import ssh2 from 'ssh2';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { judgeItem } from '../../src/activities/preflight/item.js';
import { Subject } from '../../src/activities/preflight/subject.js';
import { validate, type Refused, type Validated } from '../../src/activities/validate.js';
import { openRepository } from '../../src/adapters/github/repository.js';
import type { AnsibleHost } from '../../src/adapters/ansible/program.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import { environmentOf, parseConfig } from '../../src/config/load.js';
import type { DeploymentRequest, ReleaseSource } from '../../src/domain/run.js';
import { request } from '../domain/release-fixtures.js';
import { FakeGithub } from '../fakes/github/server.js';
import { sha } from '../fakes/github/world.js';
import { QUIET } from './schema-world.js';

const BYTES = 'the site';
const CONFIG = `application: campus
records: records
release: { directory: 'releases/{version}' }
components:
  frontend: { kind: static, artifact: frontend.tar.gz, transport: TRANSPORT }
environments:
  production:
    policy: production
    approval: { allowed_signers: allowed_signers }
    hosts: { web-1: 192.0.2.11 }
    ssh: { user: deploy, key: key, known_hosts: known_hosts }
`;

let github: FakeGithub;
let root: string;

beforeAll(async () => {
  github = await FakeGithub.start();
  root = await mkdtemp(join(tmpdir(), 'safeguard-validate-'));
  await writeFile(join(root, 'key'), ssh2.utils.generateKeyPairSync('ed25519').private);
}, 60_000);
afterAll(async () => {
  await github.stop();
  await rm(root, { recursive: true });
});
afterEach(() => github.reset());

/** Hosts that were called already, since the plan needs them next. */
let called: string[];
beforeEach(() => void (called = []));

/** The commit that release 1.0.0 is made of; it has a tag, is on main, and its check is green. */
let good: string;
beforeEach(async () => {
  process.env['FAKE_GITHUB_TOKEN'] = github.token;
  const { repository } = github;
  good = repository.commit('good', repository.commit('older'));
  repository.tags.set('v1.0.0', good);
  repository.branch('main', repository.commit('newer', good), { protection: [{ context: 'build' }] });
  repository.report(good, 'build', 'success');
  await release(good);
});

async function release(commit: string | null): Promise<void> {
  const folder = join(root, 'releases', '1.0.0');
  await mkdir(folder, { recursive: true });
  const sum = createHash('sha256').update(BYTES).digest('hex');
  await writeFile(join(folder, 'frontend.tar.gz'), BYTES);
  await writeFile(join(folder, 'SHA256SUMS'), `${sum}  frontend.tar.gz\n`);
  await writeFile(join(folder, 'release.json'), JSON.stringify({ version: '1.0.0', commit }));
}

interface Asked {
  /** Lines of `release_checks`. */
  readonly checks?: string;
  readonly source?: ReleaseSource;
  readonly isConfigured?: boolean;
  readonly token?: string;
  /** Of the site. */
  readonly transport?: string;
}

function dependenciesOf({ checks, isConfigured = true, token, transport = 'ssh' }: Asked): Dependencies {
  const text = CONFIG.replace('TRANSPORT', transport);
  const more = checks === undefined ? '' : `    release_checks: { ${checks} }\n`;
  const named = token ?? 'env: FAKE_GITHUB_TOKEN';
  const where = `github: { repository: acme/campus, api: '${github.url}', token: { ${named} } }\n`;
  const config = parseConfig(join(root, 'safeguard.yaml'), text + more + (isConfigured ? where : ''));
  const records = { keepEvidence: () => Promise.resolve('') };
  const ssh = { anticipate: ({ name }: SshTarget) => void called.push(name) };
  const ansible = {
    assertThere: () => Promise.resolve(),
    anticipate: (hosts: AnsibleHost[]) =>
      called.push(...hosts.map(({ target }) => `a play of ${target.name}`)),
  };
  return { config, openRepository, records, ssh, ansible } as unknown as Dependencies;
}

async function validated(asked: Asked = {}): Promise<Validated> {
  const { source } = asked;
  const dependencies = dependenciesOf(asked);
  const what: DeploymentRequest = request({ environment: 'production', ...(source && { source }) });
  const judge = (): Promise<Validated | Refused> => validate(dependencies, what);
  const outcome = await new MockActivityEnvironment({}, { logger: QUIET }).run<
    [],
    Validated | Refused,
    typeof judge
  >(judge);
  if ('refused' in outcome) throw new Error('a run of an earlier version does not know what this is');
  return outcome;
}

/** What the preflight says of the release, of where it comes from, and of the token that this is asked with. */
async function looks(asked: Asked = {}): Promise<string[]> {
  const dependencies = dependenciesOf(asked);
  const environment = environmentOf(dependencies.config, 'production');
  const { signal } = new AbortController();
  const wanted = { application: 'campus', environment: 'production', version: '1.0.0' };
  const items = new Subject(dependencies, environment, wanted, { signal, say: () => undefined }).items();
  const all = await Promise.all(items.map((item) => judgeItem(environment, item, 'strict', signal)));
  return all.map(({ name, verdict, found }) => `${name}: ${verdict}: ${found}`);
}

/** What it is refused with. */
async function refusal(asked: Asked = {}): Promise<string> {
  const error: unknown = await validated(asked).then(
    () => ({ code: 'nothing', message: 'was refused' }),
    (thrown: unknown) => thrown,
  );
  const { code, message } = error as { readonly code: string; readonly message: string };
  return `${code}: ${message}`;
}

describe('with GitHub', () => {
  test('everything that production asks for is in order', async () => {
    const source = { commit: good, ref: 'refs/heads/main' };
    expect((await validated({ source })).provenance).toEqual({
      by: 'github',
      commit: good,
      ref: 'refs/tags/v1.0.0',
      findings: [
        `Tag v1.0.0 is commit ${good.slice(0, 12)}.`,
        'release.json says that the release was built from it.',
        'The caller names the same commit.',
        'It is on branch main.',
        'Every check that counts is green (branch main requires them): build.',
      ],
    });
  });

  test('the tag is not there', async () => {
    github.repository.tags.clear();
    expect(await refusal()).toBe('RELEASE_NOT_ALLOWED: There is no tag v1.0.0 in acme/campus.');
  });

  test('the release was built from another commit', async () => {
    await release(sha('older'));
    expect(await refusal()).toContain('RELEASE_NOT_ALLOWED: The release was built from commit');
  });

  test('the caller names another commit', async () => {
    expect(await refusal({ source: { commit: sha('older'), ref: null } })).toContain(
      'RELEASE_NOT_ALLOWED: The caller names commit',
    );
  });

  test('the commit is on no allowed branch', async () => {
    const { repository } = github;
    repository.branch('main', sha('older'));
    repository.branch('feature', good);
    expect(await refusal({ checks: 'branches: [main, release/1.x]' })).toBe(
      `RELEASE_NOT_ALLOWED: Commit ${good.slice(0, 12)} is on none of the branches that are allowed: main, release/1.x (there is no such branch).`,
    );
    expect((await validated({ checks: 'branches: [main, feature]' })).provenance?.findings).toContain(
      'It is on branch feature.',
    );
  });

  test('a required check is red, or still running', async () => {
    github.repository.report(good, 'build', 'in_progress');
    expect(await refusal()).toContain('build is pending (in_progress). Checks are not waited for');
    github.repository.report(good, 'build', 'failure');
    expect(await refusal()).toContain('build is failure.');
  });

  test('checks that the policy names count, and no others', async () => {
    const { repository } = github;
    repository.report(good, 'build', 'failure');
    repository.status(good, 'ci/e2e', 'success');
    expect((await validated({ checks: 'checks: [ci/e2e]' })).provenance?.findings.at(-1)).toBe(
      'Every check that counts is green (named by the policy of the environment): ci/e2e.',
    );
  });

  test('which are required may not be seen: all count', async () => {
    github.repository.hidden.add('protection');
    expect((await validated()).provenance?.findings.at(-1)).toBe(
      'Every check that counts is green (the token may not see what branch main requires): build.',
    );
    github.repository.report(good, 'extra', 'failure');
    expect(await refusal()).toContain('extra is failure. All of them count');
  });

  test('without a tag the commit is the caller’s, or the beginning that release.json has', async () => {
    const checks = 'tag: null';
    github.repository.tags.clear();
    const source = { commit: good, ref: 'refs/heads/main' };
    expect((await validated({ checks, source })).provenance).toMatchObject({
      by: 'github',
      commit: good,
      ref: 'refs/heads/main',
    });
    await release(good.slice(0, 8));
    expect((await validated({ checks })).provenance).toMatchObject({ commit: good, ref: null });
    await release('0123456789');
    expect(await refusal({ checks })).toContain('There is no commit 0123456789 in acme/campus');
    await release(null);
    expect(await refusal({ checks })).toContain('Nobody says which commit the release was built from');
  });

  test('where no branch is named, the default branch says which checks are required', async () => {
    const checks = 'tag: null, branches: null';
    github.repository.report(good, 'build', 'failure');
    expect(await refusal({ checks })).toContain('build is failure');
  });

  test('its token is not there', async () => {
    expect(await refusal({ token: 'env: NO_SUCH_TOKEN' })).toContain('SECRET_MISSING');
  });

  test('a policy that asks for nothing asks nobody', async () => {
    const checks = 'tag: null, branches: null, checks: null';
    const { provenance } = await validated({ checks, token: 'env: NO_SUCH_TOKEN' });
    expect(provenance).toMatchObject({
      by: 'caller',
      commit: good,
      findings: ['Nobody looked at the origin: the policy of the environment asks for nothing.'],
    });
    expect(github.requests).toEqual([]);
  });
});

describe('the token', () => {
  const line = (all: readonly string[]): string | undefined => all.find((one) => one.startsWith('token'));

  test('GitHub is asked for the repository once, for the origin and for the token', async () => {
    github.tokenExpiry = '2120-01-01 00:00:00 UTC';
    const all = await looks();
    expect(all.join('\n')).toMatch(/origin: pass: /);
    expect(line(all)).toMatch(/^token: pass: .*2120-01-01/);
    expect(github.requests.filter(({ path }) => path === '/repos/acme/campus')).toHaveLength(1);
  });

  test('one that GitHub does not take fails both', async () => {
    process.env['FAKE_GITHUB_TOKEN'] = 'withdrawn';
    const all = await looks();
    expect(line(all)).toMatch(/^token: fail: GitHub/);
    expect(all.join('\n')).toMatch(/origin: fail: GitHub/);
  });

  test('is looked at only where the policy asks for an origin', async () => {
    const checks = 'tag: null, branches: null, checks: null';
    const all = await looks({ checks, token: 'env: NO_SUCH_TOKEN' });
    expect(all.map((one) => one.split(':')[0])).toEqual(['release', 'origin', 'inventory']);
    expect(github.requests).toEqual([]);
  });
});

test('hosts are called while the release is read', async () => {
  await validated({});
  expect(called).toEqual(['web-1']);
});

test('so is Ansible, where it will be needed', async () => {
  await validated({ transport: 'ansible' });
  expect(called).toEqual(['web-1', 'a play of web-1']);
});

test('without GitHub the run goes on by the caller’s word, and says so', async () => {
  const source = { commit: sha('any'), ref: 'refs/tags/v1.0.0' };
  expect((await validated({ isConfigured: false, source })).provenance).toEqual({
    by: 'caller',
    commit: sha('any'),
    ref: 'refs/tags/v1.0.0',
    findings: [
      'Nobody looked at tag v1.0.0, branch main, required checks: github is not configured.',
      expect.stringContaining('nobody judged which is right'),
    ],
  });
  expect(github.requests).toEqual([]);
});
