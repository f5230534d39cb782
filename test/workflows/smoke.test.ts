import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SmokeRequest } from '../../src/activities/smoke.js';
import type { PlannedSmoke, SmokeReport } from '../../src/domain/smoke-report.js';
import { release } from '../domain/release-fixtures.js';
import { failure, upgrade, type MockWorld } from './mock-activities.js';
import { UNHEALTHY, WELL } from './reports.js';
import { TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const SMOKE: PlannedSmoke = {
  file: '/srv/campus/smoke.yaml',
  sha256: 'a'.repeat(64),
  level: 'full',
  url: null,
  tests: 2,
};

const ILL: SmokeReport = {
  ...WELL,
  healthy: false,
  passed: 1,
  kept: '/records/runs/one/smoke.json',
  failed: [
    {
      name: 'finances',
      level: 'full',
      severity: 'critical',
      target: 'web-2',
      verdict: 'fail',
      attempts: 6,
      durationMs: 9,
      evidence: 'answered 503, expected 200',
    },
  ],
};

function smoking(override: MockWorld['override'] = {}, smoke: PlannedSmoke = SMOKE): MockWorld {
  const world = upgrade(override);
  world.planned = { ...world.planned, pendingMigrations: [], smoke };
  return world;
}

test(
  'smoke tests come between the health checks and the vote, and the record has what they came to',
  () =>
    server.play(async (stage) => {
      const { world } = stage;
      expect(await stage.deployed({ version: '2.0.0' })).toMatchObject({ status: 'COMPLETED' });
      expect(world.story()).toEqual(expect.arrayContaining(['check', 'smoke', 'prepare']));
      expect(world.story().indexOf('smoke')).toBe(world.story().indexOf('check') + 1);
      expect(world.story().indexOf('prepare')).toBe(world.story().indexOf('smoke') + 1);
      expect(world.of('smoke').map(({ input }) => input as SmokeRequest)).toMatchObject([
        { version: '2.0.0', smoke: SMOKE, hosts: [{ name: 'web-1' }, { name: 'web-2' }] },
      ]);
      expect(world.of('plan')[0]?.input).toMatchObject({ smokes: true });
      expect(world.records[0]?.smoke).toEqual(WELL);
      expect(world.records[0]).not.toHaveProperty('diagnostics');
    }, smoking()),
  150_000,
);

describe('a critical smoke test that fails takes the release back', () => {
  test(
    'and record, incident and message say where to look',
    () =>
      server.play(
        async (stage) => {
          const { world } = stage;
          const end = await stage.deployed({ version: '2.0.0' });
          expect(end).toMatchObject({
            code: 'SMOKE_FAILED',
            result: { outcome: 'ROLLED_BACK', serving: '1.0.0' },
          });
          expect(end.message).toMatch(
            /Cause: smoke tests: 1 of 2 smoke tests failed: finances on web-2 \(answered 503, expected 200\)\. Diagnostics: \/records\/runs\/one\/ on the runner\.$/,
          );
          const story = world.story();
          expect(story.slice(story.indexOf('smoke'))).toEqual([
            'smoke',
            'forensics',
            'restore',
            'commit',
            'check',
            'record',
            'incident',
          ]);
          const step = world.records[0]?.steps.find(({ title }) => title === 'smoke tests');
          expect(step).toMatchObject({ state: 'failed', hosts: { 'web-1': 'done', 'web-2': 'failed' } });
          const diagnostics = [ILL.kept, '/runs/forensics-web-1.json', '/runs/forensics-web-2.json'];
          expect(world.records).toMatchObject([{ smoke: ILL, diagnostics }]);
          expect(world.incidents).toMatchObject([
            { diagnostics, forensics: ['web-1:/forensics/2.0.0', 'web-2:/forensics/2.0.0'] },
          ]);
          expect(world.everyHostServes(release('1.0.0'))).toBe(true);
        },
        smoking({ smoke: () => Promise.resolve(ILL) }),
      ),
    150_000,
  );

  test(
    'forensics that fail stop nothing, and are said to have failed',
    () =>
      server.play(
        async (stage) => {
          const { world } = stage;
          expect(await stage.deployed({ version: '2.0.0' })).toMatchObject({
            result: { outcome: 'ROLLED_BACK' },
          });
          expect(world.records).toMatchObject([
            { diagnostics: [ILL.kept], forensics: ['web-1: none, too late', 'web-2: none, too late'] },
          ]);
        },
        smoking({
          smoke: () => Promise.resolve(ILL),
          forensics: () => Promise.reject(failure('HOST_TIMEOUT', 'too late')),
        }),
      ),
    150_000,
  );
});

test(
  'health checks that fail keep their answers, and no smoke test is asked after them',
  () =>
    server.play(
      async (stage) => {
        const { world } = stage;
        const { message } = await stage.deployed({ version: '2.0.0' });
        expect(message).toMatch(/ Diagnostics: \/records\/runs\/one\/ on the runner\.$/);
        expect(world.of('smoke')).toEqual([]);
        expect(world.of('check').map(({ input }) => (input as { diagnoses?: boolean }).diagnoses)).toEqual([
          true,
          undefined,
        ]);
        expect(world.records[0]?.diagnostics?.[0]).toBe('/records/runs/one/failed-checks.json');
      },
      smoking({
        check: () => Promise.resolve({ ...UNHEALTHY, kept: '/records/runs/one/failed-checks.json' }),
      }),
    ),
  150_000,
);
