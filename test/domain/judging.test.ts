import { describe, expect, test } from '@jest/globals';
import { slowOnes, type CheckResult, type DatabaseCheck, type HttpCheck } from '../../src/domain/check.js';
import { judgeCache, judgeDatabase, judgeHttp } from '../../src/domain/judging.js';

const HTTP: HttpCheck = {
  name: 'up',
  category: 'backend',
  severity: 'critical',
  attempts: 1,
  kind: 'http',
  port: 80,
  path: '/health',
  status: 200,
};

describe('an HTTP answer', () => {
  const json = { pointer: '/status', equals: 'UP' };
  test.each<[string, Partial<HttpCheck>, { status: number; body: string }, string | null]>([
    ['of the right status', {}, { status: 200, body: '' }, null],
    ['of another status', {}, { status: 503, body: '' }, '/health answered 503, expected 200'],
    ['with the right value', { json }, { status: 200, body: '{"status":"UP"}' }, null],
    [
      'with another value',
      { json },
      { status: 200, body: '{"status":"DOWN"}' },
      '/health says /status = "DOWN", expected "UP"',
    ],
    [
      'with a value of another type',
      { json },
      { status: 200, body: '{"status":true}' },
      '/health says /status = true, expected "UP"',
    ],
    [
      'that is no JSON',
      { json },
      { status: 200, body: '<html>' },
      '/health says /status = undefined, expected "UP"',
    ],
    ['that has something there', { json: { pointer: '/a' } }, { status: 200, body: '{"a":0}' }, null],
    [
      'that has nothing there',
      { json: { pointer: '/a' } },
      { status: 200, body: '{}' },
      '/health says /a = undefined, expected something',
    ],
    ['with the right text', { text: '1.0.0' }, { status: 200, body: ' 1.0.0\n' }, null],
    [
      'with more than the text',
      { text: '1.0.0' },
      { status: 200, body: '1.0.0-rc' },
      '/health: expected "1.0.0", found "1.0.0-rc"',
    ],
  ])('%s', (_title, over, answer, complaint) => {
    const finding = judgeHttp({ ...HTTP, ...over }, { ...answer, ms: 7 });
    expect(finding).toEqual(
      complaint === null
        ? { verdict: 'pass', evidence: '200 in 7 ms', responseMs: 7 }
        : { verdict: 'fail', evidence: complaint, body: answer.body },
    );
  });
});

describe('a database', () => {
  const check: DatabaseCheck = {
    ...HTTP,
    kind: 'database',
    tolerates: { min: '2', max: '3' },
    minimumTables: 10,
  };
  const all = { reachable: 'pass', schema: 'pass', tables: 'pass', whole: 'pass' };
  test.each([
    ['2.1', 10, all, 'schema 2.1, 10 tables'],
    ['4', 10, { ...all, schema: 'fail', whole: 'fail' }, 'schema 4, 10 tables; expected schema 2 to 3'],
    [null, 10, { ...all, schema: 'fail', whole: 'fail' }, 'schema empty, 10 tables; expected schema 2 to 3'],
    ['3', 9, { ...all, tables: 'fail', whole: 'fail' }, 'schema 3, 9 tables; expected at least 10'],
  ])(
    'at %s with %i tables: by aspect, and as a whole as releases of earlier versions ask',
    (schemaVersion, tables, verdicts, evidence) => {
      const answer = { schemaVersion, tables, ms: 3 };
      const judge = (aspect: Partial<DatabaseCheck>) => judgeDatabase({ ...check, ...aspect }, answer);
      expect({
        reachable: judge({ aspect: 'reachable' }).verdict,
        schema: judge({ aspect: 'schema' }).verdict,
        tables: judge({ aspect: 'tables' }).verdict,
        whole: judge({}).verdict,
      }).toEqual(verdicts);
      expect(judge({}).evidence).toBe(evidence);
    },
  );
});

describe('a cache', () => {
  const answer = (info: Record<string, string>) => ({ info, ms: 2 });
  test.each([
    ['95', '100', 'fail', '0.0 MiB of 0.0 MiB in use (95 %, limit 90 %)'],
    ['1048576', '10485760', 'pass', '1.0 MiB of 10.0 MiB in use (10 %, limit 90 %)'],
    ['1048576', '0', 'pass', '1.0 MiB in use, no limit'],
  ])('that uses %s of %s', (used, limit, verdict, evidence) =>
    expect(judgeCache({ aspect: 'memory' }, answer({ used_memory: used, maxmemory: limit }))).toEqual({
      verdict,
      evidence,
    }),
  );

  test('that answers, and what it counts', () => {
    expect(judgeCache({}, answer({}))).toEqual({ verdict: 'pass', evidence: 'PONG in 2 ms', responseMs: 2 });
    expect(
      judgeCache({ aspect: 'statistics' }, answer({ keyspace_hits: '5', keyspace_misses: '1' })),
    ).toEqual({
      verdict: 'pass',
      evidence: '5 hits, 1 misses, 0 evicted',
    });
  });
});

describe('an answer that takes long', () => {
  const silent: CheckResult = {
    name: 'page /',
    category: 'frontend',
    severity: 'critical',
    target: 'web-1',
    verdict: 'pass',
    attempts: 1,
    durationMs: 2500,
    evidence: '200 in 2400 ms',
  };
  const result: CheckResult = { ...silent, responseMs: 2400 };
  test('is a warning beside the check, which passes', () => {
    expect(slowOnes([result], 2000)).toEqual([
      {
        ...result,
        name: 'page / in time',
        severity: 'warning',
        verdict: 'fail',
        evidence: 'took 2400 ms, expected at most 2000 ms',
      },
    ]);
  });
  test('is none where it failed, was quick enough, or answered nothing', () => {
    expect(slowOnes([{ ...result, verdict: 'fail' }, { ...result, responseMs: 2000 }, silent], 2000)).toEqual(
      [],
    );
  });
});
