import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readSecret, redact } from '../../src/adapters/secrets.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  delete process.env['SAFEGUARD_TEST_SECRET'];
});

test('a value comes from the environment or a file, whose last line break is no part of it', () => {
  process.env['SAFEGUARD_TEST_SECRET'] = 'from env';
  const file = join(directory, 'secret');
  writeFileSync(file, 'from file \n');
  expect(readSecret({ env: 'SAFEGUARD_TEST_SECRET' }, 'PASSWORD')).toBe('from env');
  expect(readSecret({ file }, 'PASSWORD')).toBe('from file ');
});

test('a value that is empty or not there is missing, and the message says where it was looked for', () => {
  const empty = join(directory, 'empty');
  writeFileSync(empty, '\n');
  const missing = 'The secret PASSWORD';
  expect(() => readSecret({ env: 'SAFEGUARD_TEST_SECRET' }, 'PASSWORD')).toThrow(
    `${missing} is empty or not there (environment variable SAFEGUARD_TEST_SECRET).`,
  );
  expect(() => readSecret({ file: empty }, 'PASSWORD')).toThrow(
    `${missing} is empty or not there (file ${empty}).`,
  );
  expect(() => readSecret({ file: join(directory, 'none') }, 'PASSWORD')).toThrow(`${missing} can't be read`);
});

test('no secret stays in a text that is shown', () => {
  expect(redact('login hunter2 with hunter2!', ['hunter2', ''])).toBe('login [secret] with [secret]!');
  expect(redact('token abcdef, and abc', ['abc', 'abcdef'])).not.toContain('def');
});
