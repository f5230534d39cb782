import { describe, expect, test } from '@jest/globals';
import { POLICY_KEYS } from '../../src/config/policy-keys.js';
import { POLICIES } from '../../src/config/policies.js';
import { changed, GOOD, parsed } from './fixture.js';

/** Every value of a policy as `a.b`; lists and maps of a person's own names count as one. */
function leaves(value: unknown, path: readonly string[] = []): string[] {
  const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isSection || path.at(-1) === 'groups') return [path.join('.')];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** A policy in which every value is its own path, so that a reader shows which one it reads. */
function labelled(value: unknown, path: readonly string[] = []): unknown {
  const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isSection || path.at(-1) === 'groups') return path.join('.');
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, labelled(inner, [...path, key])]),
  );
}

test('every value of a policy has exactly one key', () => {
  const intentions = { preflight: 'basic', backup: 'always', smoke: 'full', channels: [] } as const;
  const policy = labelled(POLICIES.production) as typeof POLICIES.production;
  const read = POLICY_KEYS.filter(({ idle }) => !idle).map((key) => key.read(policy, intentions));
  // How much is asked of a release stands beside the policy, with the file of the tests.
  expect([...read].sort()).toEqual([...leaves(POLICIES.production), 'full'].sort());
});

describe('policy show', () => {
  const lines = (text: string, name: string) =>
    new Map(
      (parsed(text).environments.get(name)?.policyLines ?? []).map((line) => [line.key, line] as const),
    );

  test('says of each value whether the preset or a place in the file decides', () => {
    const staging = lines(GOOD, 'staging');
    const line = GOOD.split('\n').findIndex((text) => text.includes('retries: { tries: 5')) + 1;
    expect(staging.get('retries.tries')).toMatchObject({ value: 5 });
    expect(staging.get('retries.tries')?.from).toMatch(
      new RegExp(`^/srv/campus/safeguard.yaml:${line}:\\d+$`),
    );
    expect(staging.get('retries.delay')).toMatchObject({ value: '2m' });
    expect(staging.get('policy')).toMatchObject({ value: 'dev', from: 'default' });
    expect(staging.get('limits.run')).toMatchObject({ value: '6h', from: 'preset dev' });
    expect(staging.get('approval.signatures')).toMatchObject({ value: 'optional', from: 'preset dev' });
  });

  test('a value that another one decides comes from there', () => {
    const text = changed(
      '    approval: { required: true }\n',
      '    approval: { required: true, allowed_signers: who }\n    limits: { rollback: 20s }\n',
    );
    const staging = lines(text, 'staging');
    expect(staging.get('approval.signatures')).toMatchObject({ value: 'required' });
    expect(staging.get('approval.signatures')?.from).toContain('safeguard.yaml:');
    expect(staging.get('limits.rollback_delay')).toMatchObject({ value: '2s' });
    expect(staging.get('limits.rollback_delay')?.from).toContain('safeguard.yaml:');
  });

  test('the presets are those of the specification', () => {
    const value = (preset: string, key: string) =>
      lines(changed('    policy: production\n', `    policy: ${preset}\n`), 'production').get(key)?.value;
    const keys = ['approval.required', 'preflight.level', 'backup.mode', 'smoke.set', 'incidents.channels'];
    const of = (preset: string) => keys.map((key) => value(preset, key));
    expect(of('dev')).toEqual([false, 'basic', 'optional', 'essential', ['github']]);
    expect(of('uat')).toEqual([true, 'standard', 'always', 'full', ['github', 'slack']]);
  });

  test('what is not carried out yet is told apart', () => {
    const idle = [...lines(GOOD, 'staging').values()].filter(({ carriedOut }) => !carriedOut);
    expect(idle.map(({ key }) => key)).toEqual(['backup.mode', 'incidents.channels']);
  });

  test('every key can be laid over', () => {
    const section = `
    approval:
      required: true
      count: 2
      groups: { dba: { members: [cleo] } }
      four_eyes: true
      signatures: optional
      timeout: 1h
      valid_for: 30m
    queue: { max_wait: 1h, supersede: true }
    windows: { timezone: Europe/Berlin, freeze: [], allowed: [] }
    release_checks: { tag: null, branches: [main], checks: [build] }
    retries: { tries: 5, delay: 2m }
    limits: { step: 1m, run: 1h, rollback: 2h, rollback_delay: 1s, stabilise: 5s, lease: 1m }
    forensics: { enabled: false, limit: 1s, logs: 1m }
    checks: { attempts: 1, page_attempts: 1, interval: 1s, timeout: 2s, phase: 1m, slow_ms: 100, stabilise: 3s }
    keep_releases: 9
    preflight: { level: strict }
    backup: { mode: always }
    smoke: { set: full }
    incidents: { channels: [slack] }
`;
    const cut = GOOD.indexOf('    retries: { tries: 5');
    const staging = [...lines(GOOD.slice(0, cut) + section.slice(1), 'staging').values()];
    expect(staging.filter(({ from }) => from.startsWith('preset')).map(({ key }) => key)).toEqual([]);
    const told = Object.fromEntries(staging.map(({ key, value }) => [key, value]));
    expect(told).toMatchObject({
      'approval.count': 2,
      'approval.valid_for': '30m',
      'limits.rollback_delay': '1s',
      'release_checks.tag': null,
      'checks.slow_ms': 100,
      'checks.stabilise': '3s',
      'incidents.channels': ['slack'],
    });
  });
});
