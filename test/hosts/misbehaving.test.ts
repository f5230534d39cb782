import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../examples/campus/build.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { Outcome } from '../../src/domain/outcome.js';
import { CampusLab } from './campus-lab.js';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ readyTimeout: '5s' });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterAll(() => campus.close(), 60_000);

interface Story {
  readonly misbehave: Misbehaviour;
  readonly outcome: Outcome;
  /** Which of them it is depends on the moment of the crash. */
  readonly codes: readonly ErrorCode[];
  readonly says: RegExp;
}

const STORIES: readonly Story[] = [
  {
    misbehave: 'wrong-version',
    outcome: 'ROLLED_BACK',
    codes: ['UNHEALTHY'],
    says: /backend serves .* on web-1 .*not-/,
  },
  {
    misbehave: 'never-healthy',
    outcome: 'ROLLED_BACK',
    codes: ['NOT_READY'],
    says: /backend on web-\d: .*answers 503 after 5 s/,
  },
  {
    misbehave: 'crash-loop',
    outcome: 'ROLLED_BACK',
    codes: ['NOT_READY', 'UNHEALTHY'],
    says: /crash loop|has failed|does not answer|backend is UP on web-\d/,
  },
  {
    misbehave: 'failing-migration',
    outcome: 'ROLLED_BACK',
    codes: ['MIGRATION_FAILED'],
    says: /migrate: flyway migrate failed/,
  },
  { misbehave: 'broken-archive', outcome: 'REFUSED', codes: ['HOST_REFUSED'], says: /stage on web-\d: / },
  { misbehave: 'wrong-checksum', outcome: 'REFUSED', codes: ['RELEASE_INVALID'], says: /SHA256SUMS says/ },
];

describe('a release that misbehaves leaves every host on the one before', () => {
  test.each(STORIES)(
    '$misbehave',
    async ({ misbehave, outcome, codes, says }) => {
      const version = `1.0.${STORIES.findIndex((story) => story.misbehave === misbehave) + 1}`;
      await campus.release(version, { misbehave });
      const run = await campus.deploy(version);

      expect(run.message).toMatch(says);
      expect(run).toMatchObject({ status: 'FAILED', outcome });
      const record = (await campus.records()).find((one) => one.version === version);
      expect(codes).toContain(record?.failure?.code);
      const incidents = (await campus.incidents()).filter((one) => one.failedVersion === version);
      expect(incidents).toHaveLength(outcome === 'REFUSED' ? 0 : 1);
      expect(await campus.servedEverywhere()).toBe('1.0.0');
    },
    120_000,
  );
});

test('a slow start is no misbehaviour while it is within its time', async () => {
  await campus.release('1.1.0', { misbehave: 'slow-start', seconds: 2 });
  expect(await campus.deploy('1.1.0')).toMatchObject({ result: { outcome: 'SUCCEEDED' } });
  expect(await campus.servedEverywhere()).toBe('1.1.0');
}, 120_000);
