import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  approvalStatement,
  COMMENT_LIMIT,
  describeApprovals,
  isComplete,
  isPersonsName,
  missing,
  objection,
  objectionToForm,
  outdated,
  SIGNATURE_LIMIT,
  type ApprovalState,
} from '../../src/domain/approval.js';
import { approvalCommands } from '../../src/domain/approval-commands.js';
import type { ApprovalPolicy } from '../../src/domain/policy.js';
import type { Decision, RecordedDecision } from '../../src/domain/run.js';
import { APPROVAL } from './release-fixtures.js';

const HASH = 'a'.repeat(64);

function policy(over: Partial<ApprovalPolicy> = {}): ApprovalPolicy {
  return { ...APPROVAL, required: true, ...over };
}

function approved(by: string, over: Partial<RecordedDecision> = {}): RecordedDecision {
  const at = '2026-01-01T12:00:00.000Z';
  return { by, comment: '', verdict: 'approved', at, planHash: HASH, identity: 'claimed', ...over };
}

function state(over: Partial<ApprovalState> = {}): ApprovalState {
  return { planHash: HASH, policy: policy(), requestedBy: 'ada', approvals: [], ...over };
}

const DBA = { dba: { members: ['cleo', 'dora'], count: 1 } };

describe('the form of a decision', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [null, /^Say who decides/],
    [{}, /^Say who decides/],
    [{ by: '' }, /^Say who decides/],
    [{ by: ['ada'], comment: '' }, /^by is a name/],
    [{ by: 'a\nb', comment: '' }, /^by is a name/],
    [{ by: 'a\u202Eb', comment: '' }, /^by is a name/],
    [{ by: 'a\u200B', comment: '' }, /^by is a name/],
    [{ by: 'a\u2028verdict: approved', comment: '' }, /^by is a name/],
    [{ by: 'x'.repeat(201), comment: '' }, /^by is a name/],
    [{ by: 'ben' }, /^comment is a text/],
    [{ by: 'ben', comment: 'x'.repeat(COMMENT_LIMIT + 1) }, /^comment is a text/],
    [{ by: 'ben', comment: '', planHash: 1 }, /^planHash is a text/],
    [{ by: 'ben', comment: '', signature: {} }, /^signature is the text/],
    [{ by: 'ben', comment: '', signature: 'x'.repeat(SIGNATURE_LIMIT + 1) }, /^A signature has at most/],
  ];
  test.each(wrong)('%j', (said, sentence) => {
    expect(objectionToForm('approved', said as Decision)).toMatch(sentence);
  });

  test('a rejection says why; an approval need not', () => {
    expect(objectionToForm('rejected', { by: 'ben', comment: ' ' })).toMatch(/^Say why/);
    expect(objectionToForm('approved', { by: 'ben', comment: '' })).toBeNull();
  });
});

describe('who may approve what', () => {
  const asked = (by: string, over: Partial<Decision> = {}, given: Partial<ApprovalState> = {}) =>
    objection('approved', { by, comment: '', ...over }, state(given));

  test.each(['ada', 'Ada', 'ADA', ' ada '])('not who asked for the run: %j', (by) => {
    expect(asked(by)).toContain("can't approve it too (four eyes)");
    expect(asked(by, {}, { policy: policy({ fourEyes: false }) })).toBeNull();
  });

  test('nobody twice', () => {
    const approvals = [approved('ben')];
    expect(asked('Ben', {}, { approvals })).toBe('Ben has approved this plan already.');
    expect(asked('cleo', {}, { approvals })).toBeNull();
  });

  test('nobody for another plan', () => {
    expect(asked('ben', { planHash: 'b'.repeat(64) })).toBe(
      'This is about plan bbbbbbbbbbbb, but plan aaaaaaaaaaaa is waiting.',
    );
    expect(asked('ben', { planHash: HASH })).toBeNull();
  });

  test('nobody without a signature where one is required', () => {
    const required = { policy: policy({ signatures: 'required' }) };
    expect(asked('ben', {}, required)).toContain('Approvals have to be signed here');
    expect(asked('ben', { signature: 'x' }, required)).toBeNull();
  });

  test('nobody from outside where the groups are all that is asked for', () => {
    expect(asked('ben', {}, { policy: policy({ groups: DBA }) })).toBe(
      'ben is in none of the groups that have to approve: dba.',
    );
    expect(asked('CLEO', {}, { policy: policy({ groups: DBA }) })).toBeNull();
    expect(asked('ben', {}, { policy: policy({ groups: DBA, count: 2 }) })).toBeNull();
  });

  test('anybody may reject, without a signature, who asked for it too', () => {
    const given = state({ policy: policy({ signatures: 'required', groups: DBA }) });
    expect(objection('rejected', { by: 'ada', comment: 'no' }, given)).toBeNull();
    expect(objection('rejected', { by: 'ada', comment: 'no', planHash: 'b' }, given)).toContain(
      'about plan b',
    );
  });
});

test('what is missing, in words', () => {
  const two = policy({ count: 2, groups: DBA });
  const ben = approved('ben', { identity: 'signed' });
  expect(describeApprovals(policy(), [])).toBe('0 of 1 approval; missing: 1 more');
  expect(describeApprovals(two, [])).toBe('0 of 2 approvals; missing: 1 by a member of dba, 1 by anybody');
  expect(describeApprovals(two, [ben])).toBe('1 of 2 approvals (ben, signed); missing: 1 by a member of dba');
  expect(describeApprovals(two, [approved('cleo')])).toBe(
    '1 of 2 approvals (cleo, claimed); missing: 1 more',
  );
  expect(describeApprovals(two, [ben, approved('cleo')])).toBe(
    '2 of 2 approvals (ben, signed; cleo, claimed)',
  );
  const three = policy({ groups: { dba: { members: ['cleo', 'dora', 'eve'], count: 2 } } });
  expect(missing(three, [])).toBe('2 by members of dba');
});

test('the statement has one line for each thing that it is about', () => {
  const subject = {
    application: 'campus',
    environment: 'production',
    deploymentId: '20260101-120000-run001',
    planHash: HASH,
    round: 2,
  };
  expect(approvalStatement(subject, 'ben')).toBe(
    `safeguard approval v1\napplication: campus\nenvironment: production\ndeployment: 20260101-120000-run001\nplan: ${HASH}\nround: 2\nverdict: approved\nby: ben\n`,
  );
  const id = 'deployment/production/1.0.0/x';
  const [cli, signal] = approvalCommands(policy(), subject, id);
  expect(cli).toContain('safeguard approve production --id 20260101-120000-run001 --plan aaaaaaaaaaaa');
  expect(signal).toBe(
    `temporal workflow signal --workflow-id ${id} --name approve --input '{"by": "NAME", "comment": "WHY", "planHash": "${HASH}"}'`,
  );
  expect(approvalCommands(policy({ signatures: 'required' }), subject, id)).toEqual([
    `${cli} --sign KEYFILE`,
  ]);
});

test('an approval is too old when it is older than it may be, and none is where age does not matter', () => {
  const given = [approved('ben'), approved('cleo', { at: '2026-01-01T12:30:00.000Z' })];
  const now = Date.parse('2026-01-01T13:00:00.000Z');
  expect(outdated(policy({ validSeconds: 3600 }), given, now)).toEqual([]);
  expect(outdated(policy({ validSeconds: 3599 }), given, now)).toEqual(['ben']);
  expect(outdated(policy({ validSeconds: 1 }), given, now)).toEqual(['ben', 'cleo']);
  expect(outdated(policy(), given, now)).toEqual([]);
});

const PEOPLE = ['ada', 'ben', 'cleo', 'dora', 'eve', 'finn'];
const somePeople = fc.uniqueArray(fc.constantFrom(...PEOPLE), { maxLength: PEOPLE.length });
const aGroup = fc
  .uniqueArray(fc.constantFrom(...PEOPLE), { minLength: 1 })
  .chain((members) =>
    fc.record({ members: fc.constant(members), count: fc.integer({ min: 1, max: members.length }) }),
  );
const aPolicy = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    groups: fc.dictionary(fc.constantFrom('dba', 'ops', 'qa'), aGroup),
  })
  .map(policy);

/** A name as somebody else might spell it. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name.toUpperCase(), ` ${name}`, `${name} `);

describe('for any policy and any people', () => {
  test('it is complete exactly when the number and every group have enough different people', () => {
    fc.assert(
      fc.property(aPolicy, somePeople, (asked, names) => {
        const enough =
          names.length >= asked.count &&
          Object.values(asked.groups).every(
            ({ members, count }) => names.filter((name) => members.includes(name)).length >= count,
          );
        const given = names.map((name) => approved(name));
        expect(isComplete(asked, given)).toBe(enough);
        expect(missing(asked, given) === '').toBe(enough);
      }),
    );
  });

  test('saying the same again, in whatever spelling and order, changes nothing', () => {
    const again = somePeople.chain((names) =>
      fc.tuple(
        fc.constant(names),
        fc.tuple(...[...names, ...names].map(spelled)).map((all) => all.reverse()),
      ),
    );
    fc.assert(
      fc.property(aPolicy, again, (asked, [names, repeated]) => {
        const once = isComplete(
          asked,
          names.map((name) => approved(name)),
        );
        expect(
          isComplete(
            asked,
            repeated.map((name) => approved(name)),
          ),
        ).toBe(once);
      }),
    );
  });

  test('one more approval never makes less of it', () => {
    fc.assert(
      fc.property(aPolicy, somePeople, fc.constantFrom(...PEOPLE), (asked, names, more) => {
        const given = names.map((name) => approved(name));
        if (isComplete(asked, given)) expect(isComplete(asked, [...given, approved(more)])).toBe(true);
      }),
    );
  });

  test('whatever is accepted is by somebody else, once, and of this plan', () => {
    const by = fc.constantFrom(...PEOPLE).chain(spelled);
    fc.assert(
      fc.property(
        aPolicy,
        somePeople,
        by,
        fc.constantFrom(HASH, 'b'.repeat(64)),
        (asked, names, who, planHash) => {
          const approvals = names.map((name) => approved(name));
          const accepted = objection(
            'approved',
            { by: who, comment: '', planHash },
            state({ policy: asked, approvals }),
          );
          if (accepted !== null) return;
          expect(planHash).toBe(HASH);
          expect([...names, 'ada']).not.toContain(who.trim().toLowerCase());
        },
      ),
    );
  });

  test('a person’s name never breaks out of its line of the statement', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        fc.pre(isPersonsName(name));
        const subject = { application: 'a', environment: 'e', deploymentId: 'd', planHash: HASH, round: 1 };
        const lines = approvalStatement(subject, name).split(/[\n\r\u0085\u2028\u2029]/u);
        expect(lines).toHaveLength(9);
      }),
    );
  });
});
