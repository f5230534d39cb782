import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareSchemaVersions, isVersion, tolerates } from '../../src/domain/version.js';

const HOSTILE = [
  '',
  '1.0.0\n',
  '\n1.0.0',
  '1.0.0 ',
  '../1.0.0',
  '..',
  '.',
  '-1.0.0',
  '1.0.0/2',
  '1.0.0;reboot',
  '$(reboot)',
  '`reboot`',
  '1.0.0&',
  '1.0.0|cat',
  "1.0.0'",
  '1.0.0"',
  '1.0.0\\',
  '1.0.0\0',
  '1.0.0%00',
  '1.0.0\u202e',
  '１.0.0',
  `1.0.${'0'.repeat(10_000)}`,
  'a'.repeat(10_000),
];

describe('versions', () => {
  test.each(['1.0.0', '0.0.0', '10.20.30', '1.4.2-rc.1', '1.0.0-0-a'])(
    '%s is semantic, and a tag',
    (version) => {
      expect(isVersion(version, 'semver')).toBe(true);
      expect(isVersion(version, 'tag')).toBe(true);
    },
  );

  test.each(['1', '1.0', '01.0.0', 'v1.0.0', '1.0.0-', '1.0.0-a..b', '1.0.0+build', '1.0.1234567890'])(
    '%s is not semantic',
    (version) => expect(isVersion(version, 'semver')).toBe(false),
  );

  test.each(['v1', '2026.11.21', 'main-3f2a1c', 'build_7', '1.0.0+build'])('%s is a tag', (version) =>
    expect(isVersion(version, 'tag')).toBe(true),
  );

  test.each(HOSTILE.map((version) => [JSON.stringify(version).slice(0, 30), version]))(
    '%s is refused in every form',
    (_shown, version) => {
      expect(isVersion(version, 'semver')).toBe(false);
      expect(isVersion(version, 'tag')).toBe(false);
    },
  );

  test('whatever is accepted is safe in a path, a workflow id and a command line', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9a-z.\-/ $;\n]{1,20}$/));
    fc.assert(
      fc.property(text, fc.constantFrom('semver' as const, 'tag' as const), (version, form) => {
        fc.pre(isVersion(version, form));
        expect(version).toMatch(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/);
        expect(version).not.toBe('..');
      }),
    );
  });

  test('refusing 10 kB takes no time', () => {
    const began = performance.now();
    for (const version of [`1.0.0-${'a.'.repeat(5000)}`, `1.0.0-${'-'.repeat(10_000)}!`])
      isVersion(version, 'semver');
    expect(performance.now() - began).toBeLessThan(50);
  });
});

const schemaVersion = fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));

describe('schema versions', () => {
  test('are ordered as Flyway orders them', () => {
    const sorted = ['10', '2', '2.1', '1.10', '1.9'].sort(compareSchemaVersions);
    expect(sorted).toEqual(['1.9', '1.10', '2', '2.1', '10']);
    expect(compareSchemaVersions('2', '2.0')).toBe(0);
  });

  test('the order is total: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(schemaVersion, schemaVersion, schemaVersion, (a, b, c) => {
        expect(Math.sign(compareSchemaVersions(a, b))).toBe(0 - Math.sign(compareSchemaVersions(b, a)));
        if (compareSchemaVersions(a, b) <= 0 && compareSchemaVersions(b, c) <= 0)
          expect(compareSchemaVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('a range tolerates both its ends, and what lies between', () => {
    const range = { min: '2', max: '3.1' };
    expect(
      ['1.9', '2', '2.5', '3.1', '3.1.0', '3.2', '10'].map((version) => tolerates(range, version)),
    ).toEqual([false, true, true, true, true, false, false]);
  });
});
