import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { SafeguardError } from '../../src/domain/errors.js';
import { complaint, FILE, GOOD } from './fixture.js';

/** On a machine with much else to do; alone, the slowest takes a second. */
const MOST_MS = 30_000;
/** What a file may have. */
const SIZE = 250 * 1024;

/** A good file with pieces of it moved, left out, or replaced by others. */
const damaged = fc
  .array(
    fc.tuple(
      fc.nat(GOOD.length),
      fc.nat(40),
      fc.oneof(
        fc.string(),
        fc.constantFrom('&a ', '*a', '<<: ', '[', '{', '- ', '? ', '!!set ', '\t', '"', '|\n'),
      ),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((changes) =>
    changes.reduce((text, [at, length, by]) => text.slice(0, at) + by + text.slice(at + length), GOOD),
  );

describe('whatever a file holds', () => {
  test.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 500 })],
    ['any YAML', fc.object({ withBigInt: true, withDate: true }).map((value) => stringify(value))],
    ['a good file that was damaged', damaged],
  ])(
    '%s is a configuration, or CONFIG_INVALID',
    (_, text) => {
      fc.assert(
        fc.property(text, (content) => {
          try {
            parseConfig(FILE, content);
          } catch (error) {
            expect(error).toBeInstanceOf(SafeguardError);
            expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
          }
        }),
      );
    },
    60_000,
  );
});

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join('');

describe('a file as large as one may be is refused in bounded time, and in a few lines', () => {
  test.each([
    ['lists in lists', '['.repeat(SIZE), 'nested too deeply'],
    ['lists in lists that end', '['.repeat(SIZE / 2) + ']'.repeat(SIZE / 2), 'nested too deeply'],
    ['maps in maps', '{a: '.repeat(SIZE / 4), 'nested too deeply'],
    ['blocks in blocks', '- '.repeat(SIZE / 2), 'nested too deeply'],
    ['keys of keys', '? '.repeat(SIZE / 2), 'nested too deeply'],
    // Each was compared with every other, and each looked up in the file: minutes.
    ['thousands of unknown keys', times(SIZE / 10, (index) => `k${index}: 1\n`), '… and '],
    [
      'thousands of wrong environments',
      `${GOOD}${times(SIZE / 20, (index) => `  e${index}: {}\n`)}`,
      '… and ',
    ],
    [
      'thousands of wrong environments that share a mistake',
      `${GOOD.replace('kind: systemd', 'kind: sytemd')}${times(SIZE / 20, (index) => `  e${index}: {}\n`)}`,
      '… and ',
    ],
    ['thousands of tags', '!a '.repeat(SIZE / 3), 'at most one tag'],
    ['thousands of aliases', `a: &a x\nb: [${'*a,'.repeat(SIZE / 3)}1]`, 'resource exhaustion'],
    ['one key of all of it', `${'k'.repeat(1000)}: ${'x'.repeat(SIZE - 2000)}`, 'is no key'],
    ['nothing but lines', '\n'.repeat(SIZE), 'expected map'],
  ])(
    '%s',
    (_, text, says) => {
      const began = performance.now();
      const said = complaint(text);
      expect(said).toContain(says);
      expect(said.length).toBeLessThan(10_000);
      expect(performance.now() - began).toBeLessThan(MOST_MS);
    },
    MOST_MS * 2,
  );
});

describe('what is no file of ours', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'safeguard-hostile-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('three gigabytes are not read', async () => {
    const file = join(folder, 'huge.yaml');
    const handle = await open(file, 'w');
    await handle.truncate(3 * 1024 ** 3);
    await handle.close();
    expect(() => loadConfig(file)).toThrow('has more than 256 kB');
  });

  test('nor is a device without end', () => {
    expect(() => loadConfig('/dev/zero')).toThrow('has more than 256 kB');
  });

  test('a directory is none', () => {
    expect(() => loadConfig(folder)).toThrow(`${folder} can't be read: it is a directory.`);
  });
});

test('a key that is there twice is found wherever it stands', () => {
  expect(complaint(GOOD.replace('    port: 8080', '    port: 8080\n    port: 8081'))).toMatch(
    /safeguard\.yaml:\d+:5 Map keys must be unique; port is there twice$/,
  );
});
