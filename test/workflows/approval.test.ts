import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Release } from '../../src/domain/release.js';
import * as messages from '../../src/workflows/messages.js';
import { hashedPlan, release } from '../domain/release-fixtures.js';
import { askingWorld, refusal } from './decisions.js';
import { gate } from './mock-activities.js';
import { ended, TestServer, type DeploymentHandle, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

/** Plays with a run that waits for approval. */
function waiting(
  story: (stage: Stage, run: DeploymentHandle, planHash: string) => Promise<void>,
): Promise<void> {
  return server.play(async (stage) => {
    const run = await stage.deploy();
    await stage.reached(run, 'awaiting-approval');
    const { planHash } = await run.query(messages.progress);
    await story(stage, run, planHash ?? '');
  }, askingWorld());
}

test(
  'nothing is done before somebody else has approved this very plan',
  () =>
    waiting(async (stage, run, planHash) => {
      expect(stage.world.story()).toEqual(['validate', 'plan']);
      expect(stage.world.of('enqueue')).toEqual([]);
      const decision = await run.executeUpdate(messages.approve, {
        args: [{ by: 'grace', comment: 'go', planHash }],
      });
      expect(decision).toMatchObject({ by: 'grace', verdict: 'approved', planHash });
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      expect(stage.world.records).toMatchObject([{ decisions: [{ by: 'grace', comment: 'go' }] }]);
      expect(stage.world.of('plan')).toHaveLength(2);
    }),
  150_000,
);

test(
  'bad decisions are refused to the caller’s face',
  () =>
    waiting(async (_stage, run, planHash) => {
      const approve = (by: string, hash = planHash): Promise<string> =>
        refusal(run.executeUpdate(messages.approve, { args: [{ by, comment: '', planHash: hash }] }));
      expect(await approve('ada')).toBe(
        'ada asked for this run and can’t approve it too (four eyes).'.replace('’', "'"),
      );
      expect(await approve('grace', 'f'.repeat(64))).toMatch(
        /^This is about plan ffffffffffff, but plan [0-9a-f]{12} is/,
      );
      expect(await approve('')).toBe('Say who decides: {"by": "name"}.');
      expect((await run.query(messages.progress)).phase).toBe('awaiting-approval');
    }),
  150_000,
);

test(
  'a rejection ends the run as REJECTED; the one who asked may reject',
  () =>
    waiting(async (stage, run) => {
      await run.executeUpdate(messages.reject, { args: [{ by: 'ada', comment: 'not today' }] });
      const end = await ended(run);
      expect(end).toMatchObject({ status: 'FAILED', code: 'REJECTED', result: { outcome: 'REJECTED' } });
      expect(end.message).toBe('Rejected by ada: not today');
      expect(stage.world.story()).toEqual(['validate', 'plan', 'record']);
    }),
  150_000,
);

test(
  'nobody comes',
  () =>
    waiting(async (_stage, run) => {
      expect(await ended(run)).toMatchObject({
        code: 'APPROVAL_TIMEOUT',
        message: 'Nobody approved within 3600 s.',
        result: { outcome: 'REJECTED' },
      });
    }),
  150_000,
);

test(
  'a plain signal does, when it says who',
  () =>
    waiting(async (_stage, run) => {
      await run.signal(messages.approveSignal);
      await run.signal(messages.approveSignal, { by: 'ada' });
      const { message, phase } = await run.query(messages.progress);
      expect([phase, message]).toEqual([
        'awaiting-approval',
        expect.stringContaining(
          "A decision was refused: ada asked for this run and can't approve it too (four eyes).",
        ),
      ]);
      await run.signal(messages.approveSignal, { by: 'grace' });
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
    }),
  150_000,
);

test(
  'a signal that comes after the decision changes nothing, not even what is shown',
  () =>
    waiting(async (stage, run, planHash) => {
      const going = gate();
      stage.world.override = { stage: () => going.passed };
      await run.executeUpdate(messages.approve, { args: [{ by: 'grace', comment: '', planHash }] });
      await stage.called('stage', 2);
      await run.signal(messages.approveSignal);
      expect(await stage.phase(run)).toBe('deploying');
      expect(
        await refusal(run.executeUpdate(messages.reject, { args: [{ by: 'grace', comment: '' }] })),
      ).toBe('This plan was decided already.');
      going.open();
      await ended(run);
    }),
  150_000,
);

test('a plan that changed while waiting voids the approval, and people are asked again', () => {
  let from: Release | null = null;
  const world = askingWorld();
  world.override = {
    plan: ({ request, grant }) => {
      const plan = hashedPlan({ from, to: release(request.version), policy: world.policy });
      return Promise.resolve({ plan, epoch: grant?.epoch ?? 0 });
    },
  };
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    await stage.reached(run, 'awaiting-approval');
    const first = (await run.query(messages.progress)).planHash;
    from = release('1.0.0');
    await run.executeUpdate(messages.approve, { args: [{ by: 'grace', comment: 'first' }] });
    await stage.called('plan', 3);
    await stage.reached(run, 'awaiting-approval');
    expect((await run.query(messages.progress)).planHash).not.toBe(first);
    expect((await stage.status()).holder).toBeNull();
    await run.executeUpdate(messages.approve, { args: [{ by: 'grace', comment: 'second' }] });
    expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
    expect(world.records).toMatchObject([{ decisions: [{ comment: 'first' }, { comment: 'second' }] }]);
  }, world);
}, 150_000);
