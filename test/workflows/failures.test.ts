import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Activities } from '../../src/activities/index.js';
import { release } from '../domain/release-fixtures.js';
import { failure, upgrade } from './mock-activities.js';
import { UNHEALTHY } from './reports.js';
import { TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const OLD = release('1.0.0');
const refuse = (): Promise<never> => Promise.reject(failure('HOST_REFUSED', 'no', 'START_FAILED'));

describe('a failure after something was put in place takes the release back', () => {
  test.each<[string, Partial<Activities>, string]>([
    ['activate', { activate: refuse }, 'HOST_REFUSED'],
    ['migrate', { migrate: () => Promise.reject(failure('MIGRATION_FAILED')) }, 'MIGRATION_FAILED'],
    [
      'read back',
      {
        prepare: () => Promise.reject(failure('NOT_READ_BACK', 'backend serves 0.9')),
      },
      'NOT_READ_BACK',
    ],
  ])(
    '%s',
    (_title, override, code) =>
      server.play(async (stage) => {
        const { world } = stage;
        const end = await stage.deployed({ version: '2.0.0' });
        expect(end).toMatchObject({
          status: 'FAILED',
          code,
          result: { outcome: 'ROLLED_BACK', serving: '1.0.0' },
        });
        expect(end.message).toMatch(
          /^Rolled back: every host serves 1\.0\.0 .* again, and it is healthy\. Cause: /,
        );
        expect(world.story().slice(-5)).toEqual(['restore', 'commit', 'check', 'record', 'incident']);
        expect(
          world
            .of('restore')
            .map((call) => call.host)
            .sort(),
        ).toEqual(['web-1', 'web-2']);
        expect(world.records).toHaveLength(1);
        expect(world.incidents).toMatchObject([
          { failedVersion: '2.0.0', restoredVersion: '1.0.0', outcome: 'ROLLED_BACK' },
        ]);
        expect((await stage.status()).committed?.version).toBe('1.0.0');
      }, upgrade(override)),
    150_000,
  );

  test(
    'health check',
    () =>
      server.play(
        async (stage) => {
          const { code, message } = await stage.deployed({ version: '2.0.0' });
          expect(code).toBe('UNHEALTHY');
          expect(message).toContain(
            '1 of 3 checks failed: backend is UP on web-1 (/health answered 503, expected 200)',
          );
          expect(message).toContain('checks fail; the cause may lie elsewhere');
          expect(stage.world.records).toMatchObject([{ outcome: 'ROLLED_BACK_UNHEALTHY' }]);
        },
        upgrade({ check: () => Promise.resolve(UNHEALTHY) }),
      ),
    150_000,
  );
});

describe('a failure before anything was put in place restores nothing', () => {
  test.each<[string, Partial<Activities>]>([
    ['plan', { plan: () => Promise.reject(failure('SCHEMA_NOT_TOLERATED')) }],
    ['plan', { plan: () => Promise.reject(failure('HOST_NOT_AS_COMMITTED')) }],
    ['stage', { stage: () => Promise.reject(failure('RELEASE_CHANGED')) }],
  ])(
    '%s',
    (title, override) =>
      server.play(async (stage) => {
        const { world } = stage;
        const { status, result } = await stage.deployed({ version: '2.0.0' });
        expect({ status, outcome: result.outcome }).toEqual({ status: 'FAILED', outcome: 'REFUSED' });
        expect(world.of('restore')).toEqual([]);
        expect(world.of('commit')).toEqual([]);
        expect(world.incidents).toEqual([]);
        expect(world.records).toMatchObject([{ outcome: 'REFUSED', failure: { step: title } }]);
        expect((await stage.status()).holder).toBeNull();
      }, upgrade(override)),
    150_000,
  );
});

test(
  'one host that fails takes both back, after the other one has finished',
  () =>
    server.play(
      async (stage) => {
        const { world } = stage;
        const end = await stage.deployed({ version: '2.0.0' });
        expect(end.result.outcome).toBe('ROLLED_BACK');
        expect(end.message).toContain('Cause: backend on web-1: no');
        expect(world.everyHostServes(OLD)).toBe(true);
        const lastActivate = world.calls.findLastIndex((call) => call.name === 'activate');
        expect(world.calls.findIndex((call) => call.name === 'restore')).toBeGreaterThan(lastActivate);
      },
      upgrade({
        activate: ({ host }) => (host.name === 'web-1' ? refuse() : Promise.resolve({ downtimeMs: 1 })),
      }),
    ),
  150_000,
);

test(
  'tokens grow strictly, over tries and the way back, under one epoch',
  () =>
    server.play(
      async (stage) => {
        const { world } = stage;
        await stage.deployed({ version: '2.0.0' });
        for (const host of ['web-1', 'web-2']) {
          const tokens = world.calls
            // Forensics only look, with the token of the restore that follows.
            .filter((call) => call.host === host && call.name !== 'forensics')
            .flatMap(({ token }) => (token ? [token] : []));
          const order = tokens.map(({ step, try: tryNumber }) => step * 1000 + tryNumber);
          expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
          expect(new Set(tokens.map(({ epoch, run }) => `${epoch} ${run}`)).size).toBe(1);
        }
        expect(world.of('activate', 'web-1').map(({ token }) => token?.try)).toEqual([1, 2, 3]);
      },
      upgrade({ activate: refuse }),
    ),
  150_000,
);
