import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { waitUntil } from '../../../lab/waiting.js';
import { REQUESTS, type Played } from '../../../src/adapters/ansible/ansible.js';
import { connectionVars } from '../../../src/adapters/ansible/command.js';
import type { TaskResult } from '../../../src/adapters/ansible/events.js';
import { PLAYS } from '../../../src/adapters/ansible/started-play.js';
import { MockPlays, part, result, settled, target } from './mock-plays.js';

let mock: MockPlays;

beforeEach(() => {
  mock = new MockPlays();
});
afterEach(() => mock.plays.close());

describe('a play that was started ahead', () => {
  const WEB = ['web-1', 'web-2'];
  const ahead = { inventory: null, mode: 'carry-out' } as const;

  test('is told what its hosts are asked as soon as all of them are', async () => {
    mock.plays.anticipate(ahead, [target('web-2'), target('web-1')]);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const all = WEB.map((host) => mock.play(part(host)));
      // No timer has gone off.
      await settled();
      expect(mock.asked[0]?.told.requests).toEqual(
        Object.fromEntries(WEB.map((host) => [host, [`first of ${host}`, `second of ${host}`]])),
      );
      mock.asked[0]?.end({ exitCode: 0, stderr: '' });
      await Promise.all(all);
    } finally {
      jest.useRealTimers();
    }
    expect(mock.started).toHaveLength(1);
  });

  test('is there once, and is taken once', async () => {
    mock.plays.anticipate(ahead, WEB.map(target));
    for (let taken = 0; taken < 2; taken++) WEB.forEach((host) => void mock.play(part(host)));
    await mock.untilAsked(2);
    expect(mock.started).toHaveLength(2);
  });

  test('knows the inventory as it is, and not as it was when another one was started', async () => {
    for (let time = 0; time < 2; time++) mock.plays.anticipate(ahead, WEB.map(target));
    expect([mock.isEnded(0), mock.isEnded(1)]).toEqual([true, false]);
    WEB.forEach((host) => void mock.play(part(host)));
    await mock.untilAsked(1);
    expect(mock.asked[0]?.options).toBe(mock.started[1]?.options);
  });

  test.each([
    ['other hosts', ['web-1'], ahead],
    ['another inventory', WEB, { ...ahead, inventory: '/inventory' }],
    ['a rehearsal', WEB, { ...ahead, mode: 'check' as const }],
  ])('is not taken for %s', async (_, hosts, about) => {
    mock.plays.anticipate(ahead, WEB.map(target));
    hosts.forEach((host) => void mock.play(part(host, about)));
    await mock.untilAsked(1);
    expect(mock.started).toHaveLength(2);
    expect(mock.asked[0]?.options).toBe(mock.started[1]?.options);
  });

  test('and has ended before it was needed is not waited for', async () => {
    mock.plays.anticipate(ahead, WEB.map(target));
    mock.started[0]?.fail(new Error('killed'));
    await settled();
    const all = WEB.map((host) => mock.play(part(host)));
    await mock.untilAsked(1);
    mock.asked[0]?.end({ exitCode: 0, stderr: '' });
    await Promise.all(all);
    expect(mock.started).toHaveLength(2);
  });

  test.each([
    ['a while', async () => jest.advanceTimersByTimeAsync(60_000)],
    ['the worker’s end', () => mock.plays.close()],
  ])('and is not needed ends after %s', async (_, end) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      mock.plays.anticipate(ahead, WEB.map(target));
      expect(mock.isEnded(0)).toBe(false);
      await end();
      expect(mock.isEnded(0)).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('Ansible that is about to be needed again', () => {
  /** A step on both hosts, of which it has answered so much. */
  function step(isMoreToCome: boolean): Promise<Played>[] {
    return ['web-1', 'web-2'].map((host) => mock.play(part(host, {}, { isMoreToCome })));
  }

  function answer(number: number, last: TaskResult['event'] = 'ok'): void {
    for (const host of ['web-1', 'web-1', 'web-2']) mock.asked[number]?.options.onResult?.(result(host));
    mock.asked[number]?.options.onResult?.(result('web-2', last));
  }

  test('carries out the next play, once it has got to the end of the one before, and ends after the last', async () => {
    const first = step(true);
    await mock.untilAsked(1);
    answer(0);
    await Promise.all(first);
    const second = step(false);
    await settled();
    // It is not told what it would not read yet.
    expect(mock.asked).toHaveLength(1);
    mock.asked[0]?.options.onWaits?.();
    await mock.untilAsked(2);
    expect(mock.isEnded(0)).toBe(false);
    answer(1);
    expect((await Promise.all(second)).map(({ results }) => results.length)).toEqual([2, 2]);
    // Also where it would not get to the end of its play.
    expect(mock.isEnded(0)).toBe(true);
    expect(mock.started).toHaveLength(1);
  });

  test('tells each play its own results', async () => {
    const first = step(true);
    await mock.untilAsked(1);
    answer(0);
    mock.asked[0]?.options.onWaits?.();
    const second = step(false);
    await mock.untilAsked(2);
    mock.asked[1]?.options.onResult?.({ ...result('web-1'), task: 'second' });
    mock.asked[1]?.options.onResult?.(result('web-1', 'unreachable'));
    const [before, after] = await Promise.all([first[0], second[0]]);
    expect(before?.results).toEqual([result('web-1'), result('web-1')]);
    expect(after?.results).toEqual([{ ...result('web-1'), task: 'second' }, result('web-1', 'unreachable')]);
  });

  test.each(['failed', 'unreachable', 'ignored'] as const)(
    'is not used again where a task was %s',
    async (event) => {
      void step(true);
      await mock.untilAsked(1);
      answer(0, event);
      mock.asked[0]?.options.onWaits?.();
      await waitUntil('it has ended', () => mock.isEnded(0), 5_000, 5);
      void step(false);
      await mock.untilAsked(2);
      expect(mock.started).toHaveLength(2);
    },
  );

  test('says why a host was not answered, and is not used again', async () => {
    const all = step(true);
    await mock.untilAsked(1);
    mock.asked[0]?.options.onResult?.(result('web-1'));
    mock.asked[0]?.options.onWaits?.();
    expect(await Promise.all(all)).toEqual([
      { results: [result('web-1')], exitCode: 1, stderr: 'web-2 is not known' },
      { results: [], exitCode: 1, stderr: 'web-2 is not known' },
    ]);
    expect(mock.started).toHaveLength(1);
  });

  test('is not used again once it was told to end, though the last answer may come after', async () => {
    const stop = new AbortController();
    const given = [
      mock.play(part('web-1', {}, { isMoreToCome: true })),
      mock.play(part('web-2', {}, { isMoreToCome: true }), stop.signal),
    ] as const;
    await mock.untilAsked(1);
    stop.abort(new Error('enough'));
    answer(0);
    void step(false);
    await expect(given[1]).rejects.toThrow('enough');
    await mock.untilAsked(2);
    expect(mock.asked[1]?.options).toBe(mock.started[1]?.options);
  });

  test('is not used again once it has carried out as much as its playbook has', async () => {
    for (let number = 0; number <= PLAYS; number++) {
      void step(true);
      await mock.untilAsked(number + 1);
      answer(number);
      mock.asked[number]?.options.onWaits?.();
    }
    expect(mock.started).toHaveLength(2);
    expect(mock.isEnded(0)).toBe(true);
  });

  test('waits anew after each play', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      mock.plays.anticipate({ inventory: null, mode: 'carry-out' }, ['web-1', 'web-2'].map(target));
      await jest.advanceTimersByTimeAsync(59_000);
      void step(true);
      await settled();
      answer(0);
      mock.asked[0]?.options.onWaits?.();
      await jest.advanceTimersByTimeAsync(59_000);
      expect(mock.isEnded(0)).toBe(false);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(mock.isEnded(0)).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  test('and whose play was given up ends', async () => {
    const stop = new AbortController();
    void step(true);
    await mock.untilAsked(1);
    answer(0);
    mock.asked[0]?.options.onWaits?.();
    const given = [
      mock.play(part('web-1', {}, { isMoreToCome: true }), stop.signal),
      mock.play(part('web-2', {}, { isMoreToCome: true })),
    ] as const;
    await mock.untilAsked(2);
    stop.abort(new Error('enough'));
    await expect(given[0]).rejects.toThrow('enough');
    expect((await given[1]).exitCode).toBeNull();
    expect(mock.isEnded(0)).toBe(true);
  });
});

test('the playbook is one play, as often as it is believed to be', () => {
  const [first, ...others] = parse(readFileSync(REQUESTS, 'utf8')) as unknown[];
  expect(others).toEqual(Array.from({ length: PLAYS - 1 }, () => first));
});

test('the playbook takes all that says how a host is reached', () => {
  const [{ vars }] = parse(readFileSync(REQUESTS, 'utf8')) as [{ vars: Record<string, string> }];
  const names = Object.keys(connectionVars(part('web-1').target));
  expect(vars).toEqual(
    Object.fromEntries(
      names.map((name) => [name, `{{ safeguard_connections[inventory_hostname].${name} }}`]),
    ),
  );
});
