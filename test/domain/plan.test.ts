import { describe, expect, test } from '@jest/globals';
import type { SchemaManifest } from '../../src/domain/manifest.js';
import { planByHost, planForAll } from '../../src/domain/plan-by-host.js';
import { computePlan, type PlanInput } from '../../src/domain/plan.js';
import { hashedPlan, planInput, policy, release } from './release-fixtures.js';

function schema(target: string, min: string, max: string): SchemaManifest {
  return { migrations: [], target, tolerates: { min, max } };
}

const OLD = release('1.0.0', { schema: schema('1', '1', '2') });
const NEW = release('2.0.0', { schema: schema('2', '2', '3') });

function refusal(input: Partial<PlanInput>): unknown {
  try {
    return computePlan(planInput(input)).kind;
  } catch (error) {
    return error;
  }
}

describe('steps', () => {
  test('lead from capture to commit, a component after the other', () => {
    const titles = computePlan(planInput({ pendingMigrations: ['V2__b.sql'] })).steps.map(
      (step) => step.title,
    );
    expect(titles).toEqual([
      'capture',
      'stage',
      'backend',
      'frontend',
      'migrate',
      'health checks',
      'read back',
      'commit',
    ]);
  });

  const smoke = { file: '/srv/smoke.yaml', sha256: 'a', level: 'full', url: null, tests: 2 } as const;
  test('smoke tests come before the vote, of every host or once by the public way in', () => {
    const each = computePlan(planInput({ smoke }));
    expect(each.steps.slice(-4).map(({ kind }) => kind)).toEqual(['check', 'smoke', 'read-back', 'commit']);
    expect(planByHost(each)[1]?.steps.find(({ kind }) => kind === 'smoke')?.does).toBe(
      '2 full tests of smoke.yaml, asked of the host itself',
    );
    const once = computePlan(planInput({ smoke: { ...smoke, url: 'https://campus.test' } }));
    expect(planForAll(once).map(({ does }) => does)).toEqual([
      '2 full tests of smoke.yaml, asked of https://campus.test',
    ]);
  });

  test('other smoke tests are another intent, which an approval does not cover', () => {
    const hash = hashedPlan({ smoke }).hash;
    expect(hashedPlan({ smoke: { ...smoke, sha256: 'b' } }).hash).not.toBe(hash);
    expect(hashedPlan({ smoke: { ...smoke, level: 'essential' } }).hash).not.toBe(hash);
  });

  test('say how they are undone where they change what serves', () => {
    const { steps } = computePlan(planInput({ from: OLD }));
    const undone = steps.filter((step) => step.undo !== undefined);
    expect(undone.map((step) => step.kind)).toEqual(['activate', 'activate']);
    expect(undone[0]?.undo).toBe(`restore 1.0.0 (${OLD.digest.slice(0, 8)})`);
    expect(computePlan(planInput()).steps[2]?.undo).toBe('restore nothing');
  });
});

describe('noop', () => {
  test('when every host serves it already', () => {
    const plan = computePlan(planInput({ alreadyServed: true }));
    expect({ kind: plan.kind, steps: plan.steps }).toEqual({ kind: 'noop', steps: [] });
  });

  test.each<[string, Partial<PlanInput>]>([
    ['forced', { force: true }],
    ['with migrations to apply', { pendingMigrations: ['V2__b.sql'] }],
  ])('not when %s', (_title, over) =>
    expect(computePlan(planInput({ alreadyServed: true, ...over })).kind).toBe('deploy'),
  );
});

describe('a schema', () => {
  test('that the committed release does not tolerate is refused', () => {
    const from = release('1.0.0', { schema: schema('1', '1', '1') });
    expect(refusal({ from, to: NEW, schemaVersion: '1', pendingMigrations: ['V2__b.sql'] })).toMatchObject({
      code: 'SCHEMA_NOT_TOLERATED',
      message: '1.0.0, which serves now, works with schema 1 to 1; 2.0.0 would migrate to 2.',
    });
  });

  test('that the new release does not tolerate is refused: an old release on a newer schema', () => {
    expect(refusal({ from: NEW, to: OLD, schemaVersion: '3' })).toMatchObject({
      code: 'SCHEMA_NOT_TOLERATED',
      message: '1.0.0 works with schema 1 to 2, but the database would be at 3.',
    });
  });

  test.each<[string, Partial<PlanInput>]>([
    ['both tolerate', { from: OLD, to: NEW, schemaVersion: '1', pendingMigrations: ['V2__b.sql'] }],
    ['is there already', { from: OLD, to: NEW, schemaVersion: '2' }],
    ['nobody has', {}],
    ['is the first', { to: NEW, schemaVersion: null, pendingMigrations: ['V1__a.sql', 'V2__b.sql'] }],
  ])('that %s goes through', (_title, input) => expect(refusal(input)).toBe('deploy'));
});

describe('the hash', () => {
  const base: Partial<PlanInput> = { from: OLD, to: NEW, schemaVersion: '2' };
  const { hash } = hashedPlan(base);

  test('is the same for the same input', () => expect(hashedPlan({ ...base }).hash).toBe(hash));

  test.each<[string, Partial<PlanInput>]>([
    ['where it leads from', { from: release('0.9.0', { schema: schema('1', '1', '2') }) }],
    ['where it leads to', { to: release('2.0.1', { schema: schema('2', '2', '3') }) }],
    ['the hosts', { hosts: [{ name: 'web-1', address: '192.0.2.1', port: 2222 }] }],
    ['the migrations', { pendingMigrations: ['V2__b.sql'] }],
    ['the policy', { policy: policy({ runTimeoutSeconds: 60 }) }],
    ['whether there is anything to do', { alreadyServed: true }],
  ])('covers %s', (_title, over) => expect(hashedPlan({ ...base, ...over }).hash).not.toBe(hash));

  test('does not cover what was measured', () => {
    const measured: Partial<PlanInput> = {
      force: true,
      schemaVersion: '2.5',
      from: { ...OLD, gitSha: 'abcdef0' },
    };
    expect(hashedPlan({ ...base, ...measured }).hash).toBe(hash);
  });
});

describe('a component that Ansible carries out', () => {
  const own = (sha256: string) => ({ path: '/play/backend.yml', sha256 });
  const by = (sha256: string): Partial<PlanInput> => ({
    from: OLD,
    played: { backend: { transport: 'ansible', playbook: own('a'), undo: own(sha256) } },
  });

  test('is said in its step, with the playbook that undoes it', () => {
    const { steps } = computePlan(planInput(by('b')));
    const [backend, frontend] = steps.filter(({ kind }) => kind === 'activate');
    expect(backend).toMatchObject({ by: { transport: 'ansible', playbook: own('a') } });
    expect(backend?.undo).toMatch(/^restore 1\.0\.0 \(\w+\), then carry out \/play\/backend\.yml$/);
    expect(frontend).not.toHaveProperty('by');
  });

  test('is another intent when the text of a playbook is another, and by SSH the same as ever', () => {
    const hashes = [{ from: OLD }, by('b'), by('c')].map((input) => hashedPlan(input).hash);
    expect(new Set(hashes).size).toBe(3);
    expect(hashedPlan({ from: OLD, played: {} }).hash).toBe(hashes[0]);
  });
});
