import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeFailures, notCarriedOut, summarize, type CheckResult } from '../../src/domain/check.js';
import { isDeploymentId, newDeploymentId } from '../../src/domain/deployment-id.js';
import { ERRORS, isErrorCode, type ErrorCode } from '../../src/domain/errors.js';
import { HOST_ERROR_CODES } from '../../src/domain/host-protocol.js';
import { readPointer } from '../../src/domain/json-pointer.js';
import { EXIT_STATUS, EXIT_UNREACHABLE } from '../../src/domain/outcome.js';
import { objectionTo } from '../../src/domain/request.js';
import { classOf, HOST_ERROR_CLASS, RETRY } from '../../src/domain/retry.js';
import type { DeploymentRequest } from '../../src/domain/run.js';
import { describeReadings, rollbackOutcome, type HostReading } from '../../src/domain/verdict.js';
import { request } from './release-fixtures.js';

describe('verdict = consistency × health', () => {
  const serves: HostReading = { host: 'web-1', state: 'serves', differences: [] };
  const differs: HostReading = {
    host: 'web-2',
    state: 'differs',
    differences: ['backend serves 2.0.0', 'frontend is idle'],
  };
  const unknown: HostReading = { host: 'web-3', state: 'unknown', differences: ['no route'] };

  test.each([
    [[serves], true, 'ROLLED_BACK'],
    [[serves], false, 'ROLLED_BACK_UNHEALTHY'],
    [[serves, differs], true, 'PARTIAL'],
    [[serves, unknown], true, 'PARTIAL'],
    [[serves, unknown], false, 'PARTIAL'],
  ])('%j, healthy %s: %s', (readings, healthy, outcome) =>
    expect(rollbackOutcome(readings, healthy)).toBe(outcome),
  );

  test('names the hosts that do not serve what they should', () => {
    expect(describeReadings([serves, differs, unknown])).toBe(
      'web-2: backend serves 2.0.0, frontend is idle; web-3: no route',
    );
  });
});

describe('the retry table', () => {
  test('knows every class and every host code', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) expect(RETRY).toHaveProperty(classOf(code));
    for (const code of HOST_ERROR_CODES) expect(RETRY).toHaveProperty(HOST_ERROR_CLASS[code]);
  });

  test('lets the host’s own code decide', () => {
    expect([classOf('HOST_REFUSED'), classOf('HOST_REFUSED', 'FENCED')]).toEqual(['failed', 'refused']);
  });

  test('knows its own codes only', () => {
    expect(['UNHEALTHY', 'toString', '__proto__', 7, undefined].map(isErrorCode)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

test('every outcome that is no success has an exit status of its own', () => {
  const { SUCCEEDED, NOOP, DRY_RUN, ...others } = EXIT_STATUS;
  expect([SUCCEEDED, NOOP, DRY_RUN]).toEqual([0, 0, 0]);
  const statuses = [...Object.values(others), EXIT_UNREACHABLE];
  expect(new Set(statuses).size).toBe(statuses.length);
  expect(Math.min(...statuses)).toBeGreaterThan(1);
});

describe('a request', () => {
  test('in order has nothing against it', () => expect(objectionTo(request())).toBeNull());

  test.each<[string, Partial<DeploymentRequest>]>([
    ['The application', { application: 'Campus' }],
    ['The application', { application: '' }],
    ['The environment', { environment: '../production' }],
    ['The environment', { environment: 'production\n' }],
    ['The version', { version: '../../etc' }],
    ['The version', { version: '1.0.0/x' }],
    ['The deployment id', { deploymentId: 'short' }],
    ['The deployment id', { deploymentId: 'A/../../20261121' }],
    ['Say who', { requestedBy: '' }],
    ['Say who', { requestedBy: 'ada\u001b[2J' }],
    ['Say who', { requestedBy: 'a'.repeat(201) }],
    ['Say why', { adopt: '' }],
  ])('is refused: %s … %j', (start, over) =>
    expect(objectionTo(request(over))).toMatch(new RegExp(`^${start}`)),
  );

  test.each([null, undefined, 'deploy', 7, [], {}, { application: 7 }])('%j is none', (value) => {
    expect(objectionTo(value as unknown as DeploymentRequest)).toEqual(expect.any(String));
  });

  test.each(['application', 'environment', 'version', 'deploymentId', 'requestedBy', 'adopt'])(
    'with a %s that is no text is refused',
    (key) => {
      for (const value of [7, undefined, {}, ['campus']]) {
        const wrong = { ...request(), [key]: value };
        expect(objectionTo(wrong)).toEqual(expect.any(String));
      }
    },
  );
});

describe('deployment ids', () => {
  const date = fc.date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

  test('are valid, whatever the time and the dice', () => {
    const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(date, dice, (now, random) =>
        expect(isDeploymentId(newDeploymentId(now, () => random))).toBe(true),
      ),
    );
    expect(newDeploymentId(new Date('2026-11-21T11:45:12.999Z'), () => 0)).toBe('20261121-114512-000000');
  });

  test('sort by time', () => {
    fc.assert(
      fc.property(date, date, (a, b) => {
        fc.pre(Math.floor(a.getTime() / 1000) < Math.floor(b.getTime() / 1000));
        expect(newDeploymentId(a, () => 0.999) < newDeploymentId(b, () => 0)).toBe(true);
      }),
    );
  });

  test.each(['', 'abc', '../../../../etc', 'A2345678', '-2345678', `a${'b'.repeat(64)}`, '12345678\n'])(
    '%j is none',
    (id) => expect(isDeploymentId(id)).toBe(false),
  );
});

describe('health', () => {
  const result = (severity: CheckResult['severity'], verdict: CheckResult['verdict']): CheckResult => ({
    name: `${severity} check`,
    category: 'backend',
    severity,
    target: 'web-1',
    verdict,
    attempts: 1,
    durationMs: 1,
    evidence: 'seen',
  });

  test('is decided by critical checks alone', () => {
    const warned = summarize(
      [result('critical', 'pass'), result('warning', 'fail'), result('info', 'fail')],
      5,
    );
    expect(warned).toMatchObject({ healthy: true, passed: 1, durationMs: 5 });
    expect(warned.failed).toHaveLength(2);
    expect(summarize([result('critical', 'fail')], 5).healthy).toBe(false);
  });

  test('that is bad is told in three checks at most', () => {
    const report = summarize(
      [...Array<CheckResult>(5).fill(result('critical', 'fail')), result('critical', 'pass')],
      5,
    );
    expect(describeFailures(report)).toMatch(
      /^5 of 6 checks failed: (critical check on web-1 \(seen\)(; )?){3} and 2 more$/,
    );
  });

  test('is not there where a critical check could not be carried out, and that is said', () => {
    const report = summarize([result('critical', 'unknown'), result('warning', 'unknown')], 5);
    expect(report).toMatchObject({ healthy: false, passed: 0 });
    expect(describeFailures(report)).toContain('critical check on web-1 (could not be carried out: seen)');
  });

  test('that nobody could ask for is not there', () => {
    expect(notCarriedOut('too slow')).toMatchObject({ healthy: false, failed: [{ evidence: 'too slow' }] });
  });
});

test.each<[string, string, unknown]>([
  ['{"status":"UP"}', '/status', 'UP'],
  ['{"a":{"b/c":{"~":[1,2]}}}', '/a/b~1c/~0/1', 2],
  ['{"a":1}', '/b', undefined],
  ['{"a":1}', '/a/b', undefined],
  ['{}', '/constructor', undefined],
  ['<html>', '/status', undefined],
  ['"text"', '', 'text'],
  ['null', '/a', undefined],
])('in %s, %s is %j', (text, pointer, value) => expect(readPointer(text, pointer)).toEqual(value));
