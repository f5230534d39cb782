import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sessionName, sessionPrefix } from '../../src/adapters/migration-sessions.js';

const TOKEN = { incarnation: 'one', epoch: 7, run: '20261121-114512-k3f9ab', step: 5, try: 1, attempt: 2 };

test('a session bears the environment and the token', () => {
  expect(sessionName('campus-production', TOKEN)).toBe(
    'safeguard campus-production 7 20261121-114512-k3f9ab 5.1.2',
  );
});

test('what is too long is shortened, and stays unlike any other', () => {
  const owner = `${'a'.repeat(31)}-${'b'.repeat(31)}`;
  const run = 'r'.repeat(63);
  const name = sessionName(owner, { ...TOKEN, run, epoch: 123_456, step: 100 });
  expect(name.length).toBeLessThanOrEqual(63);
  expect(name.startsWith(sessionPrefix(owner))).toBe(true);
  expect(sessionPrefix(`${owner}c`)).not.toBe(sessionPrefix(owner));
  expect(sessionName(owner, { ...TOKEN, run: `${run}s` })).not.toBe(sessionName(owner, { ...TOKEN, run }));
});

test('it always fits, and always begins with the prefix of its environment', () => {
  const owners = fc.stringMatching(/^[a-z][a-z0-9-]{0,30}-[a-z][a-z0-9-]{0,30}$/);
  const runs = fc.stringMatching(/^[a-z0-9][a-z0-9-]{7,63}$/);
  const number = fc.integer({ min: 1, max: 2_000_000_000 });
  fc.assert(
    fc.property(owners, runs, number, number, number, number, (owner, run, epoch, step, tries, attempt) => {
      const name = sessionName(owner, { ...TOKEN, run, epoch, step, try: tries, attempt });
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name.startsWith(sessionPrefix(owner))).toBe(true);
    }),
  );
});
