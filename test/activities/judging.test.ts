import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { codedFailure, untilDone } from '../../src/activities/coded-failures.js';
import { parseJdbcUrl } from '../../src/activities/jdbc.js';
import { readingOf } from '../../src/activities/reading.js';
import { HostRefused, SafeguardError } from '../../src/domain/errors.js';
import type { HostInspection, ObservedComponent } from '../../src/domain/host-protocol.js';

describe('what a host serves', () => {
  const RELEASE = { version: '2.0.0', digest: 'b'.repeat(64) };
  const good: ObservedComponent = {
    kind: 'systemd',
    digest: RELEASE.digest,
    version: '2.0.0',
    state: 'active',
    restarts: 0,
    differences: [],
  };
  const reading = (components: HostInspection['components'], release: typeof RELEASE | null = RELEASE) =>
    readingOf('web-1', { components } as HostInspection, release, release ? ['backend'] : []);

  test.each<[string, HostInspection['components'], string[]]>([
    ['exactly', { backend: good }, []],
    ['nothing', {}, ['backend is not served']],
    [
      'another release',
      { backend: { ...good, digest: 'a'.repeat(64), version: '1.0.0' } },
      ['backend serves 1.0.0'],
    ],
    [
      'a nameless one',
      { backend: { ...good, digest: 'a'.repeat(64), version: null } },
      ['backend serves aaaaaaaa'],
    ],
    ['a dead one', { backend: { ...good, state: 'failed' } }, ['backend is failed']],
    [
      'an altered one',
      { backend: { ...good, differences: ['the unit was edited'] } },
      ['backend: the unit was edited'],
    ],
    ['too much', { backend: good, old: { ...good, version: '1.0.0' } }, ['old of 1.0.0 is still served']],
    ['a stopped leftover', { backend: good, old: { ...good, digest: null } }, []],
  ])('%s', (_title, components, differences) =>
    expect(reading(components)).toEqual({
      host: 'web-1',
      state: differences.length === 0 ? 'serves' : 'differs',
      differences,
    }),
  );

  test('nothing, where nothing is to run', () => {
    expect(reading({}, null).state).toBe('serves');
    expect(reading({ backend: good }, null)).toMatchObject({
      differences: ['backend of 2.0.0 is still served'],
    });
  });
});

describe('a JDBC URL', () => {
  test.each([
    ['jdbc:postgresql://db.example/campus', { host: 'db.example', port: 5432, database: 'campus' }],
    [
      'jdbc:postgresql://192.0.2.1:6000/campus?ssl=true',
      { host: '192.0.2.1', port: 6000, database: 'campus' },
    ],
  ])('%s', (url, parts) => expect(parseJdbcUrl(url)).toEqual(parts));

  test.each(['jdbc:mysql://db/campus', 'jdbc:postgresql://db', 'jdbc:postgresql:///campus', ''])(
    '%j is none',
    (url) => expect(() => parseJdbcUrl(url)).toThrow('migrations.url is not of the form'),
  );
});

describe('a failure', () => {
  const coded = (error: unknown): ApplicationFailure => codedFailure(error) as ApplicationFailure;

  test('of ours keeps its code, and Temporal does not try again', () => {
    const cause = new SafeguardError('NOT_READY', 'backend is not ready');
    expect(coded(cause)).toMatchObject({
      type: 'NOT_READY',
      nonRetryable: true,
      message: 'backend is not ready',
      cause,
    });
  });

  test('of a host carries the host’s code', () => {
    expect(coded(new HostRefused('FENCED', 'no'))).toMatchObject({
      type: 'HOST_REFUSED',
      details: [{ hostCode: 'FENCED' }],
    });
  });

  test('of a duty is tried again by Temporal, unless nobody expected it', async () => {
    const code = 'RECORD_NOT_WRITTEN';
    await expect(untilDone(() => Promise.reject(new SafeguardError(code, 'no')))).rejects.toMatchObject({
      type: code,
      nonRetryable: false,
    });
    const defect = new TypeError('boom');
    await expect(untilDone(() => Promise.reject(defect))).rejects.toBe(defect);
  });

  test('that nobody expected is INTERNAL', () => {
    expect(coded(new TypeError('boom'))).toMatchObject({
      type: 'INTERNAL',
      nonRetryable: true,
      message: 'boom',
    });
    expect(coded('text').message).toBe('text');
  });

  test('of Temporal itself passes through', () => {
    for (const error of [new CancelledFailure('stop'), ApplicationFailure.create({ type: 'X' })])
      expect(codedFailure(error)).toBe(error);
  });
});
