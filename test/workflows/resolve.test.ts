import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Verification } from '../../src/domain/recovery.js';
import * as messages from '../../src/workflows/messages.js';
import { policy } from '../domain/release-fixtures.js';
import { failure, gate, upgrade, type MockWorld } from './mock-activities.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const SAID = { by: 'ada', reason: 'web-2 is back' };

function found(differences: readonly string[]): Verification {
  const state = differences.length === 0 ? 'serves' : 'differs';
  return {
    environment: 'test',
    committed: '1.0.0 (aaaaaaaa)',
    consistent: differences.length === 0,
    hosts: [{ host: 'web-2', evicted: false, state, differences }],
    schema: null,
    holder: null,
  };
}

/** A world in which no host answers any more once a deployment has begun, nor a watch, so that nothing repairs itself. */
function lost(): MockWorld {
  const world = upgrade({
    check: () => Promise.reject(failure('UNHEALTHY')),
    restore: () => Promise.reject(failure('HOST_UNREACHABLE', 'web-2 does not answer')),
  });
  world.policy = policy({ compensation: { delaySeconds: 5, giveUpAfterSeconds: 20, stabiliseSeconds: 1 } });
  for (const host of ['web-1', 'web-2']) world.silent.add(host);
  return world;
}

/** Plays with an environment that is quarantined. */
function quarantined(story: (stage: Stage) => Promise<void>): Promise<void> {
  return server.play(async (stage) => {
    const end = await stage.deployed({ version: '2.0.0' });
    expect(end.result.outcome).toBe('PARTIAL');
    await until(async () => (await stage.status()).holder === null);
    await story(stage);
  }, lost());
}

function resolve(stage: Stage, said = SAID): Promise<Verification> {
  return stage.entity().executeUpdate(messages.resolve, { args: [said] });
}

/** Why it was not lifted: code and sentence. */
async function refusal(update: Promise<unknown>): Promise<{ code: string | undefined; message: string }> {
  const error: unknown = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
  const { cause } = error;
  const code = cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
  return { code, message: cause?.message ?? '' };
}

describe('a quarantine', () => {
  test('stands while a host differs, is lifted when none does, and takes nobody’s place', () =>
    quarantined(async (stage) => {
      const { world } = stage;
      const { epoch } = await stage.status();
      world.override.verify = () => Promise.resolve(found(['backend serves 2.0.0']));
      expect(await refusal(resolve(stage))).toEqual({
        code: 'QUARANTINE_STANDS',
        message: 'Not every host serves 1.0.0 (aaaaaaaa): web-2: backend serves 2.0.0.',
      });
      const { quarantine } = await stage.status();
      expect(quarantine?.stands).toContain('web-2: backend serves 2.0.0');

      world.override.verify = () => Promise.resolve(found([]));
      expect(await resolve(stage)).toMatchObject({ consistent: true });
      expect(await stage.status()).toMatchObject({ quarantine: null, holder: null, epoch });
    }), 150_000); // prettier-ignore

  test('by a bare signal: the same look, and the environment itself shows what came of it', () =>
    quarantined(async (stage) => {
      const { world } = stage;
      world.override.verify = () => Promise.resolve(found(['backend serves 2.0.0']));
      await stage.entity().signal(messages.resolveSignal, SAID);
      await until(async () => (await stage.status()).quarantine?.stands !== undefined);
      world.override.verify = () => Promise.resolve(found([]));
      await stage.entity().signal(messages.resolveSignal, SAID);
      await until(async () => (await stage.status()).quarantine === null);
      expect(world.of('verify')).toHaveLength(2);
    }), 150_000); // prettier-ignore

  test('a look that fails lifts nothing', () =>
    quarantined(async (stage) => {
      stage.world.override.verify = () => Promise.reject(failure('ENVIRONMENT_UNKNOWN', 'no such place'));
      expect(await refusal(resolve(stage))).toEqual({ code: 'ENVIRONMENT_UNKNOWN', message: 'no such place' });
      expect((await stage.status()).quarantine).not.toBeNull();
    }), 150_000); // prettier-ignore

  test('a run that comes in while the hosts are looked at voids the look', () => {
    const looked = gate();
    const going = gate();
    return quarantined(async (stage) => {
      const { world } = stage;
      world.override = {
        ...world.override,
        verify: () => looked.passed.then(() => found([])),
        restore: () => going.passed.then(() => Promise.reject(failure('HOST_UNREACHABLE', 'still away'))),
      };
      const lifted = refusal(resolve(stage));
      await stage.called('verify');
      expect((await refusal(resolve(stage))).message).toContain('Somebody resolves it already');
      const converge = await stage.recover({ kind: 'converge', adopt: null });
      await until(async () => (await stage.status()).holder !== null);
      looked.open();
      expect(await lifted).toMatchObject({
        code: 'QUARANTINE_STANDS',
        message: expect.stringContaining('Resolve again.'),
      });
      expect((await refusal(resolve(stage))).message).toMatch(/holds .*; resolve when it has ended\.$/);
      going.open();
      expect((await ended(converge)).result.outcome).toBe('PARTIAL');
    });
  }, 150_000);
});

test('what is not quarantined, or not said, is refused to the caller’s face', () =>
  server.play(async (stage) => {
    await stage.deployed();
    expect((await refusal(resolve(stage))).message).toMatch(/is not quarantined; there is nothing to resolve/);
    expect((await refusal(resolve(stage, { by: '', reason: '' }))).message).toMatch(/^Say who and why/);
    expect(stage.world.of('verify')).toEqual([]);
  }), 150_000); // prettier-ignore
