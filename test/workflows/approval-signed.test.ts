import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Activities } from '../../src/activities/index.js';
import type { ApprovalPolicy } from '../../src/domain/policy.js';
import * as messages from '../../src/workflows/messages.js';
import { Signers } from '../adapters/signers.js';
import { askingWorld, judging, playWaiting, refusal, type Waiting } from './decisions.js';
import { gate, untilStopped } from './mock-activities.js';
import { ended, TestServer, until } from './test-server.js';

let server: TestServer;
let signers: Signers;
beforeAll(async () => {
  server = await TestServer.start();
  signers = await Signers.make(['ben', 'cleo', 'ada'], ['mallory']);
  const lines = await Promise.all(['ada', 'cleo'].map((name) => signers.line(name, name)));
  await signers.allow([...lines, await signers.line('ben,benjamin', 'ben')]);
}, 300_000);
afterAll(async () => {
  await server.stop();
  await signers.remove();
});

/** A run that asks for signatures, judged by the real activity with real keys. */
function signed(
  story: (waiting: Waiting) => Promise<void>,
  asked: Partial<ApprovalPolicy> = {},
  override: Partial<Activities> = {},
): Promise<void> {
  const world = askingWorld({ signatures: 'required', ...asked });
  world.override = { verifyApproval: judging(signers.allowedSigners), ...override };
  return playWaiting(server, world, story, signers);
}

test(
  'a signature is verified, and the record says whose key it was',
  () =>
    signed(async (waiting) => {
      const signature = await waiting.signed('ben');
      const key = await signers.fingerprint('ben');
      expect(await waiting.approve(' ben ', signature)).toMatchObject({ by: 'ben', identity: 'signed', key });
      expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
      expect(waiting.stage.world.records).toMatchObject([{ decisions: [{ by: 'ben', key, signature }] }]);
    }),
  150_000,
);

test(
  'a forged signature is refused to the caller’s face, shown, and no decision; a good one still does',
  () =>
    signed(async (waiting) => {
      const refused = /^The signature for ben was refused: .* lists no such key for ben\.$/;
      expect(await waiting.refused('ben', await waiting.signed('ben', 'mallory'))).toMatch(refused);
      expect(await waiting.board()).toMatch(
        /^awaiting-approval: 0 of 1 approval; missing: 1 more\. A decision was refused: The signature for ben/,
      );
      expect(await waiting.refused('ben', await waiting.signed('cleo', 'cleo'))).toContain(
        'made over something else',
      );
      await waiting.approve('ben', await waiting.signed('ben'));
      expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
      expect(waiting.stage.world.records[0]?.decisions).toHaveLength(1);
    }),
  150_000,
);

test(
  'a signature of another run, environment, plan or round is of no use',
  () =>
    signed(async (waiting) => {
      for (const other of [
        { deploymentId: '20260101-120000-run999' },
        { environment: 'staging' },
        { planHash: 'f'.repeat(64) },
        { round: 2 },
      ])
        expect(await waiting.refused('ben', await waiting.signed('ben', 'ben', other))).toContain(
          'it was made over something else, such as another plan or run',
        );
      expect(await waiting.board()).toContain('0 of 1 approval');
    }),
  150_000,
);

test(
  'without a signature nothing is approved, neither by update nor by signal; a signal may carry one',
  () =>
    signed(async (waiting) => {
      const { run } = waiting;
      expect(await waiting.refused('ben')).toContain('Approvals have to be signed here');
      await run.signal(messages.approveSignal, { by: 'ben', comment: 'go' });
      expect(await waiting.board()).toMatch(
        /A decision was refused: Approvals have to be signed here, and this one by ben/,
      );
      const { approval } = await run.query(messages.progress);
      expect(approval?.commands.join('\n')).toMatch(
        /^safeguard approve test-\d+ --id \S+ .* --sign KEYFILE$/,
      );

      await run.signal(messages.approveSignal, {
        by: 'ben',
        signature: await waiting.signed('ben', 'mallory'),
      });
      await until(async () => (await waiting.board()).includes('lists no such key for ben'));
      await run.signal(messages.approveSignal, { by: 'ben', signature: await waiting.signed('ben') });
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      expect(waiting.stage.world.records).toMatchObject([{ decisions: [{ by: 'ben', identity: 'signed' }] }]);
    }),
  150_000,
);

test(
  'a rejection may be claimed',
  () =>
    signed(async (waiting) => {
      expect(await waiting.reject('cleo', 'not today')).toMatchObject({ identity: 'claimed' });
      expect(await ended(waiting.run)).toMatchObject({
        code: 'REJECTED',
        message: 'Rejected by cleo: not today',
      });
    }),
  150_000,
);

test(
  'who signs as somebody who asked is refused before any look; one key is one person under all its names',
  () =>
    signed(
      async (waiting) => {
        expect(await waiting.refused('ada', await waiting.signed('ada'))).toContain('four eyes');
        expect(waiting.stage.world.of('verifyApproval')).toEqual([]);
        await waiting.approve('ben', await waiting.signed('ben'));
        const again = await waiting.signed('benjamin', 'ben');
        expect(await waiting.refused('benjamin', again)).toMatch(
          /^The key SHA256:\S+ has approved already, for ben\.$/,
        );
        await waiting.approve('cleo', await waiting.signed('cleo'));
        expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
      },
      { count: 2 },
    ),
  150_000,
);

test('two at once by one person are one approval', async () => {
  const going = gate();
  const real = judging(signers.allowedSigners);
  await signed(
    async (waiting) => {
      const signature = await waiting.signed('ben');
      const both = [waiting.approve('ben', signature), waiting.approve('Ben', await waiting.signed('ben'))];
      both.push(waiting.approve('ben', signature));
      const answers = Promise.allSettled(both);
      await waiting.stage.called('verifyApproval', 3);
      going.open();
      const outcomes = (await answers).map(({ status }) => status);
      expect(outcomes.filter((status) => status === 'fulfilled')).toHaveLength(1);
      expect(await waiting.board()).toContain('1 of 2 approvals (ben, signed); missing: 1 more');
      await waiting.approve('cleo', await waiting.signed('cleo'));
      expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
    },
    { count: 2 },
    {
      verifyApproval: async (input) => {
        await going.passed;
        return real(input);
      },
    },
  );
}, 150_000);

test('who is rejected while a signature is looked at is rejected, and the approval is answered', async () => {
  await signed(
    async (waiting) => {
      const update = refusal(waiting.approve('ben', await waiting.signed('ben')));
      await waiting.stage.called('verifyApproval');
      await waiting.reject('cleo', 'stop');
      expect(await update).toBe('This plan was decided already.');
      expect(await ended(waiting.run)).toMatchObject({ code: 'REJECTED' });
      expect(waiting.stage.world.records).toMatchObject([{ decisions: [{ by: 'cleo' }] }]);
    },
    {},
    { verifyApproval: untilStopped },
  );
}, 150_000);

test('an abort does not wait for a signature to be looked at, and the approver is told', async () => {
  await signed(
    async (waiting) => {
      const update = refusal(waiting.approve('ben', await waiting.signed('ben')));
      await waiting.stage.called('verifyApproval');
      await waiting.run.signal(messages.abort, { by: 'cleo', reason: 'enough' });
      expect(await update).toBe('This run waits for approval no more.');
      expect(await ended(waiting.run)).toMatchObject({ code: 'ABORTED', result: { outcome: 'WITHDRAWN' } });
      expect(waiting.stage.world.records).toMatchObject([{ decisions: [] }]);
    },
    {},
    { verifyApproval: untilStopped },
  );
}, 150_000);

test(
  'what can not be judged is refused, even where no signature is asked for',
  () =>
    signed(
      async (waiting) => {
        expect(await waiting.refused('ben', await waiting.signed('ben'))).toMatch(
          /has no approval\.allowed_signers\.$/,
        );
        expect(await waiting.board()).toContain('0 of 1 approval');
        expect(await waiting.approve('ben')).toMatchObject({ identity: 'claimed' });
        expect((await ended(waiting.run)).result.outcome).toBe('SUCCEEDED');
      },
      { signatures: 'optional' },
      { verifyApproval: judging(null) },
    ),
  150_000,
);
