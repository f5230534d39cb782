import { describe, expect, test } from '@jest/globals';
import { ciId, releaseSource } from '../../src/client/ci.js';
import { isDeploymentId, type CiWish } from '../../src/domain/deployment-id.js';

const JOB = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_RUN_ID: '17284938475',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_JOB: 'deploy',
};
const WISH: CiWish = { application: 'shop', environment: 'prod', version: '1.4.2', dryRun: false };
const SHA = 'a'.repeat(40);

describe('the deployment id of a job', () => {
  test('is readable, valid, and the same for each delivery', () => {
    const id = ciId(JOB, WISH) ?? '';
    expect(id).toMatch(/^ci-17284938475-1-[0-9a-f]{6}$/);
    expect(isDeploymentId(id)).toBe(true);
    expect(ciId({ ...JOB }, { ...WISH })).toBe(id);
  });

  test.each<[string, Partial<typeof JOB>, Partial<CiWish>]>([
    ['another run', { GITHUB_RUN_ID: '17284938476' }, {}],
    ['a re-run', { GITHUB_RUN_ATTEMPT: '2' }, {}],
    ['another job', { GITHUB_JOB: 'again' }, {}],
    ['another server', { GITHUB_SERVER_URL: 'https://github.example.com' }, {}],
    ['another application', {}, { application: 'campus' }],
    ['another environment', {}, { environment: 'dev' }],
    ['another version', {}, { version: '1.4.3' }],
    ['a dry run', {}, { dryRun: true }],
  ])('%s is another deployment', (_title, job, wish) => {
    expect(ciId({ ...JOB, ...job }, { ...WISH, ...wish })).not.toBe(ciId(JOB, WISH));
  });

  test('is none outside of GitHub Actions, nor from what is no number', () => {
    expect(ciId({}, WISH)).toBeNull();
    expect(ciId({ ...JOB, GITHUB_RUN_ID: '../17' }, WISH)).toBeNull();
    expect(ciId({ ...JOB, GITHUB_RUN_ATTEMPT: 'one' }, WISH)).toBeNull();
  });

  test('is valid even when the numbers are as long as they may be', () => {
    const long = { ...JOB, GITHUB_RUN_ID: '9'.repeat(20), GITHUB_RUN_ATTEMPT: '9'.repeat(6) };
    expect(isDeploymentId(ciId(long, WISH) ?? '')).toBe(true);
  });
});

describe('the origin of a release', () => {
  const push = { GITHUB_EVENT_NAME: 'push', GITHUB_SHA: SHA, GITHUB_REF: 'refs/heads/main' };

  test.each([
    ['a push', push],
    ['no known event', { GITHUB_SHA: SHA, GITHUB_REF: 'refs/heads/main' }],
  ])('is taken from the job of %s', (_title, variables) => {
    expect(releaseSource({}, variables)).toEqual({
      source: { commit: SHA, ref: 'refs/heads/main' },
      from: { commit: 'GITHUB_SHA', ref: 'GITHUB_REF' },
    });
  });

  test('is taken from a job that somebody started at a tag', () => {
    const variables = { ...push, GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF: 'refs/tags/v1.4.2' };
    expect(releaseSource({}, variables)?.source).toEqual({ commit: SHA, ref: 'refs/tags/v1.4.2' });
  });

  test.each(['workflow_dispatch', 'schedule', 'workflow_run', 'pull_request'])(
    'is not the newest commit of the branch at which a %s runs',
    (event) => expect(releaseSource({}, { ...push, GITHUB_EVENT_NAME: event })).toBeNull(),
  );

  test('is what the command line says', () => {
    expect(releaseSource({ commit: 'b'.repeat(40) }, push)).toEqual({
      source: { commit: 'b'.repeat(40), ref: 'refs/heads/main' },
      from: { commit: 'option', ref: 'GITHUB_REF' },
    });
    expect(releaseSource({ ref: 'refs/tags/v1' }, {})).toEqual({
      source: { commit: null, ref: 'refs/tags/v1' },
      from: { commit: null, ref: 'option' },
    });
  });

  test('is said by nobody', () => expect(releaseSource({}, {})).toBeNull());
});
