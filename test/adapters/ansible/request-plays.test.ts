import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MockPlays, part, result } from './mock-plays.js';

let mock: MockPlays;

beforeEach(() => {
  mock = new MockPlays();
});
afterEach(() => mock.plays.close());

test('what hosts are asked at the same time is one play, of each its own', async () => {
  const all = [mock.play(part('web-1')), mock.play(part('web-2')), mock.play(part('web-3'))];
  await mock.untilAsked(1);
  const [only] = mock.asked;
  expect(only?.play).toMatchObject({
    hosts: ['web-1', 'web-2', 'web-3'],
    inventory: null,
    vars: { safeguard_connections: { 'web-3': { ansible_user: 'deploy' } } },
  });
  expect(only?.told.requests['web-2']).toEqual(['first of web-2', 'second of web-2']);
  only?.end({ exitCode: 0, stderr: '' });
  await Promise.all(all);
  expect(mock.asked).toHaveLength(1);
});

test.each([
  ['of another environment', part('web-2', {}, { environment: 'shop staging' })],
  ['with other secrets', part('web-2', { secrets: { backend: { PASSWORD: 'x' } } })],
  ['that only looks', part('web-2', { mode: 'check' })],
  ['in another inventory', part('web-2', { inventory: '/inventory' })],
  ['that is there already', part('web-1')],
])('a host %s is asked in a play of its own', async (_, other) => {
  void mock.play(part('web-1'));
  void mock.play(other);
  await mock.untilAsked(2);
  expect(mock.asked.map(({ play: { hosts } }) => hosts.length)).toEqual([1, 1]);
});

test('each host has what was said of it, as soon as all of it was said', async () => {
  const [one, other] = [mock.play(part('web-1')), mock.play(part('web-2'))];
  await mock.untilAsked(1);
  for (const host of ['web-1', 'web-2', 'web-1']) mock.asked[0]?.options.onResult?.(result(host));
  expect(await one).toEqual({ results: [result('web-1'), result('web-1')], exitCode: 0, stderr: '' });
  mock.asked[0]?.options.onResult?.(result('web-2', 'unreachable'));
  expect((await other).results).toEqual([result('web-2'), result('web-2', 'unreachable')]);
});

test('a play that ends before has the same end for all whom it has not answered', async () => {
  const [one, other] = [mock.play(part('web-1')), mock.play(part('web-2'))];
  await mock.untilAsked(1);
  mock.asked[0]?.options.onResult?.(result('web-1', 'failed'));
  mock.asked[0]?.end({ exitCode: 2, stderr: 'broken' });
  expect(await one).toEqual({ results: [result('web-1', 'failed')], exitCode: 2, stderr: 'broken' });
  expect(await other).toEqual({ results: [], exitCode: 2, stderr: 'broken' });
});

test('a play that can not begin fails for all', async () => {
  const all = [mock.play(part('web-1')), mock.play(part('web-2'))];
  await mock.untilAsked(1);
  mock.asked[0]?.fail(new Error('no Ansible'));
  for (const one of all) await expect(one).rejects.toThrow('no Ansible');
});

test('one host that is given up ends the play: its reason for itself, and for the others as if the play was killed', async () => {
  const stop = new AbortController();
  const [one, other, done] = [
    mock.play(part('web-1'), stop.signal),
    mock.play(part('web-2')),
    mock.play(part('web-3')),
  ] as const;
  await mock.untilAsked(1);
  for (const host of ['web-3', 'web-3', 'web-2']) mock.asked[0]?.options.onResult?.(result(host));
  stop.abort(new Error('enough'));
  await expect(one).rejects.toThrow('enough');
  expect(await other).toEqual({ results: [result('web-2')], exitCode: null, stderr: '' });
  expect((await done).exitCode).toBe(0);
});

test('who leaves before the play begins is not in it', async () => {
  const stop = new AbortController();
  const one = mock.play(part('web-1'), stop.signal);
  void mock.play(part('web-2'));
  stop.abort(new Error('enough'));
  await expect(one).rejects.toThrow('enough');
  await mock.untilAsked(1);
  expect(mock.asked[0]?.play.hosts).toEqual(['web-2']);
  const gone = mock.play(part('web-3'), stop.signal);
  await expect(gone).rejects.toThrow('enough');
});
