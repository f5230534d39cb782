import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { HostErrorCode } from '../../src/domain/host-protocol.js';
import * as messages from '../../src/workflows/messages.js';
import { policy } from '../domain/release-fixtures.js';
import { failure, upgrade, type Call } from './mock-activities.js';
import { ended, TestServer, until } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

/** Whole seconds between calls. */
function pauses(calls: readonly Call[]): number[] {
  return calls.slice(1).map(({ at }, index) => Math.floor((at - (calls[index]?.at ?? 0)) / 1000));
}

describe('forward, a step that fails with', () => {
  test.each<[ErrorCode, HostErrorCode | undefined, number[]]>([
    ['RELEASE_CHANGED', undefined, []],
    ['LOGIN_REFUSED', undefined, []],
    ['INTERNAL', undefined, []],
    ['HOST_UNREACHABLE', undefined, [30, 30]],
    ['NOT_READY', undefined, [30, 30]],
    ['CONNECTION_LOST', undefined, [0, 0]],
    ['HOST_REFUSED', 'FENCED', []],
    ['HOST_REFUSED', 'PROXY_REFUSED', []],
    ['HOST_REFUSED', 'DISK_FULL', [30, 30]],
    ['HOST_REFUSED', 'TRUNCATED', [0, 0]],
  ])(
    '%s %s',
    (code, hostCode, expected) =>
      server.play(
        async (stage) => {
          await stage.deployed({ version: '2.0.0' });
          expect(pauses(stage.world.of('stage', 'web-1'))).toEqual(expected);
          expect(stage.world.records).toMatchObject([{ failure: { code, step: 'stage', host: 'web-1' } }]);
        },
        upgrade({
          stage: ({ host }) =>
            host.name === 'web-1' ? Promise.reject(failure(code, 'no', hostCode)) : Promise.resolve(),
        }),
      ),
    150_000,
  );

  test(
    'something that passes is tried again, under a higher try, and goes through',
    () =>
      server.play(
        async (stage) => {
          const { result } = await stage.deployed({ version: '2.0.0' });
          expect(result.outcome).toBe('SUCCEEDED');
          expect(stage.world.of('stage', 'web-1').map(({ token }) => token?.try)).toEqual([1, 2]);
        },
        upgrade({
          stage: ({ token }) => (token.try === 1 ? Promise.reject(failure('NOT_READY')) : Promise.resolve()),
        }),
      ),
    150_000,
  );
});

test(
  'while a step waits for its next try, the run says why',
  () =>
    server.play(
      async (stage) => {
        const run = await stage.deploy({ version: '2.0.0' });
        const detail = async () =>
          (await run.query(messages.progress)).steps.find(({ title }) => title === 'stage')?.detail;
        await until(
          async () => (await detail()) === 'web-1, try 1 of 3 failed, the next begins in 30 s: not yet',
        );
        expect((await ended(run)).status).toBe('COMPLETED');
        expect(await detail()).toBe('');
      },
      upgrade({
        stage: ({ token, host }) =>
          token.try === 1 && host.name === 'web-1'
            ? Promise.reject(failure('NOT_READY', 'not yet'))
            : Promise.resolve(),
      }),
    ),
  150_000,
);

describe('back', () => {
  test('tries go on at growing intervals of at most 30 s', () => {
    const world = upgrade({
      migrate: () => Promise.reject(failure('RELEASE_CHANGED')),
      restore: (call) =>
        call.token.try < 6 ? Promise.reject(failure('HOST_UNREACHABLE')) : world.restored(call),
    });
    return server.play(async (stage) => {
      await stage.deployed({ version: '2.0.0' });
      expect(pauses(world.of('restore', 'web-1'))).toEqual([5, 10, 20, 30, 30]);
      expect(world.records).toMatchObject([{ outcome: 'ROLLED_BACK' }]);
    }, world);
  }, 150_000);

  test('a host that does not show the release after its commit is brought there again', () => {
    const world = upgrade({
      migrate: () => Promise.reject(failure('RELEASE_CHANGED')),
      commit: ({ host, release: wanted }) =>
        Promise.resolve(
          host.name === 'web-2' && world.of('commit', 'web-2').length === 1
            ? { host: host.name, state: 'differs', differences: ['backend is inactive'] }
            : world.reading(host.name, wanted),
        ),
    });
    return server.play(async (stage) => {
      expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('ROLLED_BACK');
      expect(world.of('restore', 'web-2')).toHaveLength(2);
    }, world);
  }, 150_000);

  test(
    'a host that is refused for good is not asked again; the verdict is read from the hosts',
    () =>
      server.play(
        async (stage) => {
          const { result, message } = await stage.deployed({ version: '2.0.0' });
          expect(stage.world.of('restore', 'web-1')).toHaveLength(1);
          expect(result.outcome).toBe('PARTIAL');
          expect(message).toContain('PARTIAL: not every host could be brought back');
        },
        upgrade({
          migrate: () => Promise.reject(failure('RELEASE_CHANGED')),
          restore: () => Promise.reject(failure('LOGIN_REFUSED')),
          commit: () => Promise.reject(failure('LOGIN_REFUSED')),
        }),
      ),
    150_000,
  );
});

describe('a host that stays away longer than patience lasts', () => {
  const away = () => {
    const world = upgrade({
      migrate: () => Promise.reject(failure('MIGRATION_FAILED')),
      restore: (call) =>
        call.host.name === 'web-2' ? Promise.reject(failure('HOST_UNREACHABLE')) : world.restored(call),
      commit: ({ host }) =>
        host.name === 'web-2'
          ? Promise.reject(failure('HOST_UNREACHABLE'))
          : Promise.resolve({ host: host.name, state: 'serves', differences: [] }),
    });
    world.silent.add('web-2');
    world.policy = policy({
      retries: { tries: 1, delaySeconds: 1 },
      compensation: { delaySeconds: 5, giveUpAfterSeconds: 120, stabiliseSeconds: 1 },
    });
    return world;
  };

  test(
    'leaves PARTIAL and a quarantine, which refuses the next run until a person lifts it',
    () =>
      server.play(async (stage) => {
        const { world } = stage;
        const end = await stage.deployed({ version: '2.0.0' });
        expect(end).toMatchObject({
          status: 'FAILED',
          code: 'PARTIAL_STATE',
          result: { outcome: 'PARTIAL', serving: null },
        });
        expect(world.incidents).toMatchObject([{ outcome: 'PARTIAL' }]);
        expect((await stage.status()).quarantine?.lost).toEqual(['web-2']);

        const next = await stage.deployed({ version: '2.0.0' });
        expect(next).toMatchObject({ code: 'ENVIRONMENT_QUARANTINED', result: { outcome: 'REFUSED' } });
        expect(next.message).toContain('is quarantined: PARTIAL');

        await stage.entity().signal('resolve', { by: 'ada', reason: 'web-2 is back' });
        world.override = {};
        expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('SUCCEEDED');
        expect((await stage.status()).quarantine).toBeNull();
      }, away()),
    150_000,
  );
});

describe('what goes wrong on the way back is said, and the run still ends', () => {
  test('checks that can’t be carried out count as unhealthy', () => {
    let asked = 0;
    return server.play(
      async (stage) => {
        const end = await stage.deployed({ version: '2.0.0' });
        expect(asked).toBe(2);
        expect(end.result.outcome).toBe('ROLLED_BACK_UNHEALTHY');
        expect(stage.world.records).toHaveLength(1);
        expect((await stage.status()).holder).toBeNull();
      },
      upgrade({
        check: () => {
          asked += 1;
          return Promise.reject(failure('STEP_TIMEOUT', 'The checks took longer than 300 s; 3 were done.'));
        },
      }),
    );
  }, 150_000);

  test(
    'a host that can’t be read back is unknown',
    () =>
      server.play(
        async (stage) => {
          const end = await stage.deployed({ version: '2.0.0' });
          expect(end.result.outcome).toBe('PARTIAL');
          expect(stage.world.records).toMatchObject([
            { readings: [{ state: 'unknown' }, { state: 'unknown' }] },
          ]);
        },
        upgrade({
          readBack: () => Promise.reject(failure('INTERNAL', 'boom')),
          commit: () => Promise.reject(failure('INTERNAL', 'boom')),
        }),
      ),
    150_000,
  );
});
