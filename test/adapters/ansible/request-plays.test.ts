import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { waitUntil } from '../../../lab/waiting.js';
import {
  REQUESTS,
  type Ansible,
  type Played,
  type PlayOptions,
} from '../../../src/adapters/ansible/ansible.js';
import { connectionVars } from '../../../src/adapters/ansible/command.js';
import type { TaskResult } from '../../../src/adapters/ansible/events.js';
import { RequestPlays, type HostPart } from '../../../src/adapters/ansible/request-plays.js';
import { StartedPlay, type Told } from '../../../src/adapters/ansible/started-play.js';

/** A play that was started; the test says what comes of it. */
interface Begun {
  readonly play: Parameters<Ansible['start']>[0];
  readonly options: PlayOptions;
  readonly end: (ended: Omit<Played, 'results'>) => void;
  readonly fail: (error: Error) => void;
}

/** All that were started, and those of them that were told what to carry out. */
let started: Begun[];
let asked: (Begun & { readonly told: Told })[];
let plays: RequestPlays;

function start(play: Begun['play']): StartedPlay {
  return new StartedPlay(
    (told, options) =>
      new Promise((resolve, reject) => {
        const begun = { play, options, end: resolveWith(resolve), fail: reject };
        started.push(begun);
        void told.then((all) => asked.push({ ...begun, told: all }));
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error));
      }),
  );
}

function resolveWith(resolve: (played: Played) => void): Begun['end'] {
  return (ended) => resolve({ results: [], ...ended });
}

beforeEach(() => {
  started = [];
  asked = [];
  plays = new RequestPlays({ start });
});
afterEach(() => plays.close());

function target(name: string): HostPart['target'] {
  const files = { privateKeyFile: '/key', knownHostsFile: '/known_hosts' };
  return { name, address: '10.0.0.1', port: 22, user: 'deploy', ...files };
}

function part(
  host: string,
  about: Partial<HostPart['play']> = {},
  environment = 'shop production',
  playsToCome = 0,
): HostPart {
  return {
    target: target(host),
    environment,
    playsToCome,
    requests: [`first of ${host}`, `second of ${host}`],
    play: { inventory: null, mode: 'carry-out', secrets: {}, ...about },
  };
}

function play(what: HostPart, signal = new AbortController().signal): Promise<Played> {
  const played = plays.play(what, { signal, onTask: () => undefined });
  // Each test awaits it later.
  played.catch(() => undefined);
  return played;
}

function result(host: string, event: TaskResult['event'] = 'ok', message = ''): TaskResult {
  return { event, host, task: 'Carry out', action: 'safeguard_host', message };
}

async function untilAsked(number: number): Promise<void> {
  await waitUntil(`${number} plays are asked for`, () => asked.length >= number, 5_000, 5);
}

test('what hosts are asked at the same time is one play, of each its own', async () => {
  const all = [play(part('web-1')), play(part('web-2')), play(part('web-3'))];
  await untilAsked(1);
  const [only] = asked;
  expect(only?.play).toMatchObject({
    hosts: ['web-1', 'web-2', 'web-3'],
    inventory: null,
    vars: { safeguard_connections: { 'web-3': { ansible_user: 'deploy' } } },
  });
  expect(only?.told.requests['web-2']).toEqual(['first of web-2', 'second of web-2']);
  only?.end({ exitCode: 0, stderr: '' });
  await Promise.all(all);
  expect(asked).toHaveLength(1);
});

test.each([
  ['of another environment', part('web-2', {}, 'shop staging')],
  ['with other secrets', part('web-2', { secrets: { backend: { PASSWORD: 'x' } } })],
  ['that only looks', part('web-2', { mode: 'check' })],
  ['in another inventory', part('web-2', { inventory: '/inventory' })],
  ['that is there already', part('web-1')],
])('a host %s is asked in a play of its own', async (_, other) => {
  void play(part('web-1'));
  void play(other);
  await untilAsked(2);
  expect(asked.map(({ play: { hosts } }) => hosts.length)).toEqual([1, 1]);
});

test('each host has what was said of it, as soon as all of it was said', async () => {
  const [one, other] = [play(part('web-1')), play(part('web-2'))];
  await untilAsked(1);
  for (const host of ['web-1', 'web-2', 'web-1']) asked[0]?.options.onResult?.(result(host));
  expect(await one).toEqual({ results: [result('web-1'), result('web-1')], exitCode: 0, stderr: '' });
  asked[0]?.options.onResult?.(result('web-2', 'unreachable'));
  expect((await other).results).toEqual([result('web-2'), result('web-2', 'unreachable')]);
});

test('a play that ends before has the same end for all whom it has not answered', async () => {
  const [one, other] = [play(part('web-1')), play(part('web-2'))];
  await untilAsked(1);
  asked[0]?.options.onResult?.(result('web-1', 'failed'));
  asked[0]?.end({ exitCode: 2, stderr: 'broken' });
  expect(await one).toEqual({ results: [result('web-1', 'failed')], exitCode: 2, stderr: 'broken' });
  expect(await other).toEqual({ results: [], exitCode: 2, stderr: 'broken' });
});

test('a play that can not begin fails for all', async () => {
  const all = [play(part('web-1')), play(part('web-2'))];
  await untilAsked(1);
  asked[0]?.fail(new Error('no Ansible'));
  for (const one of all) await expect(one).rejects.toThrow('no Ansible');
});

test('one host that is given up ends the play: its reason for itself, and for the others as if the play was killed', async () => {
  const stop = new AbortController();
  const [one, other, done] = [
    play(part('web-1'), stop.signal),
    play(part('web-2')),
    play(part('web-3')),
  ] as const;
  await untilAsked(1);
  for (const host of ['web-3', 'web-3', 'web-2']) asked[0]?.options.onResult?.(result(host));
  stop.abort(new Error('enough'));
  await expect(one).rejects.toThrow('enough');
  expect(await other).toEqual({ results: [result('web-2')], exitCode: null, stderr: '' });
  expect((await done).exitCode).toBe(0);
});

test('who leaves before the play begins is not in it', async () => {
  const stop = new AbortController();
  const one = play(part('web-1'), stop.signal);
  void play(part('web-2'));
  stop.abort(new Error('enough'));
  await expect(one).rejects.toThrow('enough');
  await untilAsked(1);
  expect(asked[0]?.play.hosts).toEqual(['web-2']);
  const gone = play(part('web-3'), stop.signal);
  await expect(gone).rejects.toThrow('enough');
});

describe('a play that was started ahead', () => {
  const WEB = ['web-1', 'web-2'];
  const ahead = { inventory: null, mode: 'carry-out' } as const;

  test('is told what its hosts are asked as soon as all of them are', async () => {
    plays.anticipate(ahead, [target('web-2'), target('web-1')], 1);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      const all = WEB.map((host) => play(part(host)));
      // No timer has gone off.
      await Promise.resolve();
      expect(asked[0]?.told.requests).toEqual(
        Object.fromEntries(WEB.map((host) => [host, [`first of ${host}`, `second of ${host}`]])),
      );
      asked[0]?.end({ exitCode: 0, stderr: '' });
      await Promise.all(all);
    } finally {
      jest.useRealTimers();
    }
    expect(started).toHaveLength(1);
  });

  test('is there once for each that is to come, and no more', async () => {
    for (const number of [1, 2, 2]) plays.anticipate(ahead, WEB.map(target), number);
    expect(started).toHaveLength(2);
    for (let taken = 0; taken < 3; taken++) WEB.forEach((host) => void play(part(host)));
    await untilAsked(3);
    expect(started).toHaveLength(3);
  });

  test('begins beside the play before, for the same hosts', async () => {
    void play(part('web-1', {}, 'shop production', 2));
    void play(part('web-2', {}, 'shop production', 2));
    await untilAsked(1);
    expect(started.map(({ play: { hosts } }) => hosts)).toEqual([WEB, WEB, WEB]);
  });

  test.each([
    ['other hosts', ['web-1'], ahead],
    ['another inventory', WEB, { ...ahead, inventory: '/inventory' }],
    ['a rehearsal', WEB, { ...ahead, mode: 'check' as const }],
  ])('is not taken for %s', async (_, hosts, about) => {
    plays.anticipate(ahead, WEB.map(target), 1);
    hosts.forEach((host) => void play(part(host, about)));
    await untilAsked(1);
    expect(started).toHaveLength(2);
    expect(asked[0]?.options).toBe(started[1]?.options);
  });

  test('and has ended before it was needed is not waited for', async () => {
    plays.anticipate(ahead, WEB.map(target), 1);
    started[0]?.fail(new Error('killed'));
    await Promise.resolve();
    await Promise.resolve();
    const all = WEB.map((host) => play(part(host)));
    await untilAsked(1);
    asked[0]?.end({ exitCode: 0, stderr: '' });
    await Promise.all(all);
    expect(started).toHaveLength(2);
  });

  test.each([
    ['a while', async () => jest.advanceTimersByTimeAsync(60_000)],
    ['the worker’s end', () => plays.close()],
  ])('and is not needed ends after %s', async (_, end) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      plays.anticipate(ahead, WEB.map(target), 2);
      expect(started.map(({ options }) => options.signal?.aborted)).toEqual([false, false]);
      await end();
      expect(started.map(({ options }) => options.signal?.aborted)).toEqual([true, true]);
    } finally {
      jest.useRealTimers();
    }
  });
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
