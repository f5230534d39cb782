import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifySignature, type SignatureClaim } from '../../src/adapters/ssh-signature.js';
import { approvalStatement, SIGNATURE_NAMESPACE, type ApprovalSubject } from '../../src/domain/approval.js';
import { Signers } from './signers.js';

const SUBJECT: ApprovalSubject = {
  application: 'campus',
  environment: 'production',
  deploymentId: '20260101-120000-run001',
  planHash: 'a'.repeat(64),
  round: 1,
};
const STATEMENT = approvalStatement(SUBJECT, 'ada');

let signers: Signers;
beforeAll(async () => {
  signers = await Signers.make(['ada', 'ben'], ['mallory', 'late', 'early']);
  await signers.allow([
    await signers.line('ada', 'ada', `namespaces="${SIGNATURE_NAMESPACE}"`),
    await signers.line('ben', 'ben'),
    await signers.line('late', 'late', 'valid-before="20200101"'),
    await signers.line('early', 'early', 'valid-after="20990101"'),
  ]);
});
afterAll(() => signers.remove());

function claim(signature: string, over: Partial<SignatureClaim> = {}): SignatureClaim {
  const { allowedSigners } = signers;
  return {
    allowedSigners,
    by: 'ada',
    namespace: SIGNATURE_NAMESPACE,
    statement: STATEMENT,
    signature,
    ...over,
  };
}

/** Code and sentence of the refusal. */
async function refusal(what: SignatureClaim): Promise<string> {
  return verifySignature(what).then(
    () => 'accepted',
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
  );
}

test('a signature by the right key over the right statement is good, and names the key', async () => {
  const signature = await signers.sign('ada', STATEMENT);
  expect(await verifySignature(claim(signature))).toBe(await signers.fingerprint('ada'));
});

describe('refused', () => {
  test.each([
    ['the deployment', { deploymentId: '20260101-120000-run002' }],
    ['the environment', { environment: 'staging' }],
    ['the application', { application: 'kiosk' }],
    ['the plan', { planHash: 'b'.repeat(64) }],
    ['the round', { round: 2 }],
  ])('a replay: %s is another one', async (_what, over: Partial<ApprovalSubject>) => {
    const signature = await signers.sign('ada', STATEMENT);
    const statement = approvalStatement({ ...SUBJECT, ...over }, 'ada');
    expect(await refusal(claim(signature, { statement }))).toBe(
      'SIGNATURE_REFUSED: The signature for ada was refused: it was made over something else, such as another plan or run, or was altered.',
    );
  });

  test('a key that is not listed, and one that is another person’s', async () => {
    for (const name of ['mallory', 'ben']) {
      const signature = await signers.sign(name, STATEMENT);
      expect(await refusal(claim(signature))).toBe(
        `SIGNATURE_REFUSED: The signature for ada was refused: ${signers.allowedSigners} lists no such key for ada.`,
      );
    }
  });

  test('a principal that is not listed', async () => {
    const signature = await signers.sign('ada', STATEMENT);
    expect(await refusal(claim(signature, { by: 'Ada' }))).toContain('lists no such key for Ada');
  });

  test('another namespace', async () => {
    const signature = await signers.sign('ada', STATEMENT, 'git');
    expect(await refusal(claim(signature))).toContain('it was made for another purpose');
  });

  test.each(['late', 'early'])('a key out of its time: %s', async (by) => {
    const statement = approvalStatement(SUBJECT, by);
    const signature = await signers.sign(by, statement);
    expect(await refusal(claim(signature, { by, statement }))).toContain('not valid at this time');
  });

  test('an altered signature', async () => {
    const lines = (await signers.sign('ada', STATEMENT)).split('\n');
    const index = lines.length - 3;
    const line = lines[index] ?? '';
    lines[index] = (line.startsWith('A') ? 'B' : 'A') + line.slice(1);
    expect(await refusal(claim(lines.join('\n')))).toMatch(/^SIGNATURE_REFUSED: /);
  });

  test.each(['', 'hello', '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----', '\0'])(
    'what is no signature: %j',
    async (text) => {
      expect(await refusal(claim(text))).toMatch(/^SIGNATURE_REFUSED: .* it is no SSH signature\.$/);
    },
  );

  test('a name made to look like ssh-keygen’s own answer, or like one of its options', async () => {
    const signature = await signers.sign('mallory', STATEMENT);
    for (const by of ['ada with ED25519 key SHA256:AAAA', '-Y', '*', '-fada'])
      expect(await refusal(claim(signature, { by }))).toMatch(/^SIGNATURE_REFUSED: /);
  });
});

describe('what can not be judged is refused as that', () => {
  test('the file is not there', async () => {
    const signature = await signers.sign('ada', STATEMENT);
    expect(await refusal(claim(signature, { allowedSigners: '/nowhere/signers' }))).toBe(
      "SIGNATURE_NOT_JUDGED: The signature could not be verified: the worker can't read /nowhere/signers (approval.allowed_signers).",
    );
  });

  test('there is no ssh-keygen', async () => {
    const signature = await signers.sign('ada', STATEMENT);
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      expect(await refusal(claim(signature))).toBe(
        'SIGNATURE_NOT_JUDGED: The signature could not be verified: there is no ssh-keygen on the runner.',
      );
    } finally {
      process.env['PATH'] = path;
    }
  });
});

test('nothing is left lying about', async () => {
  const usual = process.env['TMPDIR'];
  const signature = await signers.sign('ada', STATEMENT);
  const before = await readdir(signers.directory);
  process.env['TMPDIR'] = signers.directory;
  try {
    await verifySignature(claim(signature));
    await refusal(claim('hello'));
  } finally {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
  }
  expect(await readdir(signers.directory)).toEqual(before);
});
