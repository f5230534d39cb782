import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../chaos/checker/facts.js';
import { forms, historyShows, shows } from '../../chaos/checker/forms.js';
import { judgeOverlaps, runOf } from '../../chaos/checker/overlaps.js';
import { compareVersions } from '../../chaos/checker/schema.js';
import { judgeTogether, versionsAfter } from '../../chaos/checker/serving.js';
import type { AcceptedRun } from '../../chaos/checker/types.js';

function run(status: string, version: string, kind = 'deployment'): AcceptedRun {
  return { deploymentId: `id-${version}`, workflowId: `${kind}/production/${version}`, version, status };
}

describe('versions that may serve after runs', () => {
  test.each([
    ['nothing was ever accepted', [], [null]],
    ['the first one was rolled back', [run('FAILED', '1')], [null]],
    ['the last one that completed', [run('COMPLETED', '1'), run('COMPLETED', '2')], ['2']],
    ['a failed one after it was taken back', [run('COMPLETED', '1'), run('FAILED', '2')], ['1']],
    ['a cancelled one too', [run('COMPLETED', '1'), run('CANCELLED', '2')], ['1']],
    [
      'a terminated one was taken back or finished',
      [run('COMPLETED', '1'), run('TERMINATED', '2')],
      ['1', '2'],
    ],
    ['one that completed after that decides', [run('TERMINATED', '2'), run('COMPLETED', '3')], ['3']],
    [
      'a repair brings hosts to what is there',
      [run('COMPLETED', '1'), run('COMPLETED', 'converge', 'converge')],
      ['1'],
    ],
    ['a rollback goes through and says that checks fail', [run('FAILED', '1', 'rollback')], [null, '1']],
  ])('%s', (_, runs, versions) => {
    expect([...versionsAfter(runs)].sort()).toEqual([...versions].sort());
  });

  test('nothing on all hosts is right only when nothing was ever committed', () => {
    const nothing = new Map([
      ['web-1', null],
      ['web-2', null],
    ]);
    expect(judgeTogether(nothing, [run('FAILED', '1')])).toEqual([]);
    expect(judgeTogether(nothing, [run('COMPLETED', '1')])).toMatchObject([{ invariant: 'I1', host: null }]);
  });
});

describe('changes at the same time', () => {
  function change(run: string, from: number, to: number | null, step = 1): Change {
    const unit = `safeguard-campus-production-${run}-${step}-1.scope`;
    return { unit, operation: 'activate', from, to, boot: 'one', failed: false };
  }

  function overlaps(hosts: Record<string, Change[]>): string[] {
    return judgeOverlaps(
      'campus-production',
      new Set(['a', 'b', 'b-rollback']),
      new Map(Object.entries(hosts)),
    ).map(({ what }) => what);
  }

  test('one after the other is right, at the very moment too', () => {
    expect(
      overlaps({ 'web-1': [change('a', 1, 5), change('b', 5, 9)], 'web-2': [change('b', 6, 7)] }),
    ).toEqual([]);
  });

  test('one run changes several hosts at once', () => {
    expect(overlaps({ 'web-1': [change('a', 1, 5)], 'web-2': [change('a', 2, 6)] })).toEqual([]);
  });

  test('a rollback belongs to the run that it takes back, but not on the same host', () => {
    expect(overlaps({ 'web-1': [change('a', 1, 5)], 'web-2': [change('a-rollback', 2, 6)] })).toEqual([]);
    expect(overlaps({ 'web-1': [change('a', 1, 5), change('a-rollback', 2, 6)] })).toEqual([
      'Two changes of a went on at the same time',
    ]);
  });

  test('two runs, wherever; once for each two', () => {
    const [one, other] = [change('a', 1, 5), change('b', 2, 3)];
    expect(overlaps({ 'web-1': [one], 'web-2': [other, change('b', 4, 5, 2)] })).toEqual([
      'Changes of a and b went on at the same time',
    ]);
  });

  test('what still runs overlaps with all that comes', () => {
    expect(overlaps({ 'web-1': [change('a', 1, null)], 'web-2': [change('b', 99, 100)] })).toHaveLength(1);
  });

  test("two runs of which one bears the other's name", () => {
    expect(overlaps({ 'web-1': [change('b', 1, 5)], 'web-2': [change('b-rollback', 2, 6)] })).toHaveLength(1);
  });

  test('the run by the name of its unit; a lease is none', () => {
    const of = (unit: string): string | null => runOf('campus-production', unit, new Set(['2-rollback']));
    expect(of('safeguard-campus-production-20260101-000000-abc-3-12.scope')).toBe('20260101-000000-abc');
    expect(of('safeguard-campus-production-chaos-1-2-0-0-rollback-3-1.scope')).toBe('chaos-1-2-0-0');
    expect(of('safeguard-campus-production-2-rollback-3-1.scope')).toBe('2-rollback');
    expect(of('safeguard-campus-production-2-rollback-rollback-3-1.scope')).toBe('2-rollback');
    expect(of('safeguard-campus-production-lease.service')).toBeNull();
    expect(of('safeguard-gate.service')).toBeNull();
  });
});

test('versions of schemas count as numbers', () => {
  expect(['10', '2.1', '2', '2.0', '1_1'].sort(compareVersions)).toEqual(['1_1', '2', '2.0', '2.1', '10']);
});

describe('a secret', () => {
  const secret = 'pl/nt?d "se\\cret"~~~';
  const wanted = forms(secret);

  test.each([
    ['plain', secret],
    ['in JSON', JSON.stringify({ secret })],
    ['in a URL', `?password=${encodeURIComponent(secret)}`],
    ['in hexadecimal', Buffer.from(`x${secret}y`).toString('hex')],
    ['in large hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64, one byte later', Buffer.from(`x${secret}yz`).toString('base64')],
    ['in base64, two bytes later', Buffer.from(`xy${secret}z`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`${secret}z`).toString('base64url')],
  ])('%s is found', (_, text) => {
    expect(shows(`before ${text} after`, wanted)).toBe(true);
  });

  test('is found in base64 within the payload of a history', () => {
    const inner = JSON.stringify({ archive: Buffer.from(secret).toString('base64') });
    const history = JSON.stringify({ payloads: [{ data: Buffer.from(inner).toString('base64') }] });
    expect(shows(history, wanted)).toBe(false);
    expect(historyShows(history, wanted)).toBe(true);
  });

  test('is not found where it is not', () => {
    expect(shows('nothing of it here', wanted)).toBe(false);
    expect(historyShows('{"data":"bm90aGluZw=="}', wanted)).toBe(false);
  });
});
