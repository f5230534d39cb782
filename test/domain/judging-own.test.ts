import { describe, expect, test } from '@jest/globals';
import type { HttpCheck } from '../../src/domain/check.js';
import { judgeHttp } from '../../src/domain/judging.js';
import { judgeCommand, judgeContainer, judgeSamples } from '../../src/domain/judging-own.js';

describe('a query of Prometheus', () => {
  const of = (...values: number[]) =>
    values.map((value, index) => ({ labels: { host: `web-${index}` }, value }));
  test.each([
    ['below', { below: 5 }, of(1, 4.9), 'pass'],
    ['one at the bound', { below: 5 }, of(1, 5), 'fail'],
    ['above', { above: 0 }, of(1), 'pass'],
    ['not above', { above: 1 }, of(1), 'fail'],
    ['between', { above: 0, below: 2 }, of(1), 'pass'],
    ['no sample', { below: 5 }, [], 'unknown'],
    ['no number', { below: 5 }, of(Number.NaN, 1), 'unknown'],
    ['one that is no number beside one that is too much', { below: 5 }, of(Number.NaN, 9), 'fail'],
    ['without end', { below: 5 }, of(Infinity), 'fail'],
  ])('%s', (_what, bounds, samples, verdict) => expect(judgeSamples(bounds, samples).verdict).toBe(verdict));

  test('names what is outside', () =>
    expect(judgeSamples({ below: 1 }, of(0, 3)).evidence).toBe(
      'expected below 1, found 3 of {"host":"web-1"}',
    ));
});

describe('a command', () => {
  const ended = (code: number | null, stdout = '', signal: string | null = null) => ({
    code,
    signal,
    stdout,
    stderr: '',
  });
  test.each([
    ['well', ended(0, 'queue: 0'), 'pass'],
    ['without what it should say', ended(0, 'queue: 9'), 'fail'],
    ['badly', ended(3), 'fail'],
    ['by a signal', ended(null, '', 'SIGTERM'), 'fail'],
    ['at its time limit', ended(124), 'fail'],
    ['killed at its time limit', ended(null, '', 'SIGKILL'), 'fail'],
    ['never begun: not there', ended(127), 'unknown'],
    ['never begun: no program', ended(126), 'unknown'],
  ])('that ended %s', (_what, how, verdict) =>
    expect(judgeCommand({ contains: 'queue: 0' }, how, 4).verdict).toBe(verdict),
  );
});

describe('a container', () => {
  const check = {
    name: 'search',
    category: 'services',
    severity: 'critical',
    attempts: 1,
    kind: 'container',
    engine: 'podman',
    container: 'search',
  } as const;
  const state = (value: unknown) => ({ code: 0, signal: null, stdout: JSON.stringify(value), stderr: '' });
  const refused = (stderr: string, code = 125) => ({ code, signal: null, stdout: '', stderr });
  test.each([
    ['runs', state({ Status: 'running' }), 'pass'],
    ['runs and is healthy', state({ Status: 'running', Health: { Status: 'healthy' } }), 'pass'],
    ['has an empty health (podman)', state({ Status: 'running', Healthcheck: { Status: '' } }), 'pass'],
    ['is not healthy', state({ Status: 'running', Health: { Status: 'unhealthy' } }), 'fail'],
    ['is not healthy (podman 3)', state({ Status: 'running', Healthcheck: { Status: 'unhealthy' } }), 'fail'],
    ['is not healthy yet', state({ Status: 'running', Health: { Status: 'starting' } }), 'fail'],
    ['has ended', state({ Status: 'exited' }), 'fail'],
    ['is paused', state({ Status: 'paused' }), 'fail'],
    ['is told in no JSON', { code: 0, signal: null, stdout: 'yes', stderr: '' }, 'fail'],
    ['is not there (podman)', refused('Error: no such container search'), 'fail'],
    ['is not there (docker)', refused('Error: No such container: search', 1), 'fail'],
    [
      'cannot be asked for',
      refused('permission denied while trying to connect to the Docker daemon', 1),
      'unknown',
    ],
    ['has no engine', refused('timeout: failed to run command', 127), 'unknown'],
  ])('that %s', (_what, ended, verdict) => expect(judgeContainer(check, ended).verdict).toBe(verdict));
});

describe('a route of nginx', () => {
  const check: HttpCheck = {
    name: 'route',
    category: 'proxy',
    severity: 'critical',
    attempts: 1,
    kind: 'http',
    port: 80,
    path: '/api/',
    status: 200,
  };
  const page = (title: string) =>
    `<html><body><center><h1>${title}</h1></center><hr><center>nginx/1.22.1</center></body></html>`;
  test.each([
    [502, page('502 Bad Gateway'), 'nginx itself: nothing answers behind it'],
    [504, page('504 Gateway Time-out'), 'nginx itself: what is behind it did not answer in time'],
    [404, page('404 Not Found'), 'nginx itself: no route leads there'],
    [500, '{"error":"down"}', 'from behind nginx'],
    [502, 'upstream said so', 'from behind nginx'],
  ])('that answered %s says who did', (status, body, who) =>
    expect(judgeHttp(check, { status, body, ms: 1 }).evidence).toBe(
      `/api/ answered ${status} (${who}), expected 200`,
    ),
  );
});
