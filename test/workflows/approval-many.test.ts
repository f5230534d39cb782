import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Release } from '../../src/domain/release.js';
import * as messages from '../../src/workflows/messages.js';
import { Signers } from '../adapters/signers.js';
import { hashedPlan, policy, release } from '../domain/release-fixtures.js';
import { askingWorld, judging, playWaiting, Waiting } from './decisions.js';
import { failure } from './mock-activities.js';
import { ended, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

test('two people, one of them of a group: the board says who is missing and how to approve', async () => {
  const groups = { dba: { members: ['cleo', 'dora'], count: 1 } };
  await playWaiting(server, askingWorld({ count: 2, groups }), async (waiting) => {
    expect(await waiting.board()).toBe(
      'awaiting-approval: 0 of 2 approvals; missing: 1 by a member of dba, 1 by anybody.',
    );
    expect(await waiting.approve('ben')).toMatchObject({ identity: 'claimed' });
    expect(await waiting.board()).toBe(
      'awaiting-approval: 1 of 2 approvals (ben, claimed); missing: 1 by a member of dba.',
    );
    expect(await waiting.refused(' BEN')).toBe('BEN has approved this plan already.');
    const { approval, planHash } = await waiting.run.query(messages.progress);
    expect(approval?.commands[1]).toContain(
      `--name approve --input '{"by": "NAME", "comment": "WHY", "planHash": "${planHash}"}'`,
    );
    const made = { by: 'eve', comment: '', identity: 'signed', key: 'SHA256:x', at: 'never', more: 'x' };
    expect(await waiting.run.executeUpdate(messages.approve, { args: [made] })).toEqual({
      by: 'eve',
      comment: '',
      verdict: 'approved',
      identity: 'claimed',
      at: expect.stringMatching(/^\d{4}-/),
      planHash,
    });
    expect(await waiting.board()).toContain(
      '2 of 3 approvals (ben, claimed; eve, claimed); missing: 1 by a member of dba.',
    );
    expect(waiting.stage.world.of('enqueue')).toEqual([]);
    await waiting.approve('Dora');
    expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
    expect(waiting.stage.world.records[0]?.decisions.map(({ by }) => by)).toEqual(['ben', 'eve', 'Dora']);
  });
}, 150_000);

test('one rejection is enough, but it needs a reason', async () => {
  await playWaiting(server, askingWorld({ count: 2 }), async (waiting) => {
    await waiting.approve('ben');
    await expect(waiting.reject('cleo', ' ')).rejects.toMatchObject({
      cause: { message: 'Say why it is rejected: {"comment": "…"}.' },
    });
    await waiting.run.signal(messages.rejectSignal, { by: 'cleo' });
    expect(await waiting.board()).toContain('A decision by cleo was refused: Say why it is rejected');
    await waiting.run.signal(messages.rejectSignal, { by: 'cleo', comment: 'wait for Monday' });
    expect(await ended(waiting.run)).toMatchObject({
      code: 'REJECTED',
      message: 'Rejected by cleo: wait for Monday',
    });
    expect(waiting.stage.world.records[0]?.decisions).toMatchObject([
      { by: 'ben', verdict: 'approved' },
      { by: 'cleo', verdict: 'rejected', identity: 'claimed' },
    ]);
  });
}, 150_000);

test('an approval that is too old when the environment is free is void, and a signature of then is no use now', async () => {
  const signers = await Signers.make(['ben']);
  const world = askingWorld({ validSeconds: 20, signatures: 'required' });
  let isAway = true;
  world.override = {
    verifyApproval: judging(signers.allowedSigners),
    // Between grant and plan half a minute passes.
    plan: ({ request, grant }) => {
      if (grant && isAway) throw failure('HOST_UNREACHABLE');
      const plan = hashedPlan({ to: release(request.version), policy: world.policy });
      return Promise.resolve({ plan, epoch: grant?.epoch ?? 0 });
    },
  };
  await playWaiting(
    server,
    world,
    async (waiting) => {
      const { stage, run } = waiting;
      const first = await waiting.signed('ben');
      await waiting.approve('ben', first);
      await stage.called('plan', 2);
      isAway = false;
      await stage.server.sleep('31s');
      await stage.called('plan', 4);
      await stage.reached(run, 'awaiting-approval');
      expect((await stage.status()).holder).toBeNull();
      expect((await waiting.subject()).round).toBe(2);
      expect(await waiting.refused('ben', first)).toContain('made over something else');
      await waiting.approve('ben', await waiting.signed('ben'));
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      expect(world.records[0]?.decisions).toHaveLength(2);
    },
    signers,
  ).finally(() => signers.remove());
}, 150_000);

test('a plan that has changed is asked for anew: what was signed before is no use', async () => {
  const signers = await Signers.make(['ben']);
  let from: Release | null = null;
  const world = askingWorld({ signatures: 'required' });
  world.override = {
    verifyApproval: judging(signers.allowedSigners),
    plan: ({ request, grant }) => {
      const plan = hashedPlan({
        from,
        to: release(request.version),
        policy: policy({ approval: world.policy.approval }),
      });
      return Promise.resolve({ plan, epoch: grant?.epoch ?? 0 });
    },
  };
  await server
    .play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.reached(run, 'awaiting-approval');
      const waiting = new Waiting(stage, run, signers);
      const outdated = await waiting.signed('ben');
      from = release('1.0.0');
      await waiting.approve('ben', outdated);
      await stage.called('plan', 3);
      await stage.reached(run, 'awaiting-approval');
      expect((await stage.status()).holder).toBeNull();
      expect(await waiting.refused('ben', outdated)).toContain('such as another plan or run');
      await waiting.approve('ben', await waiting.signed('ben'));
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      expect(world.records[0]?.decisions.map(({ planHash }) => planHash)).toHaveLength(2);
    }, world)
    .finally(() => signers.remove());
}, 150_000);
