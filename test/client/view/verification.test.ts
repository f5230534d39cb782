import { Chalk } from 'chalk';
import { expect, test } from '@jest/globals';
import { describeVerification } from '../../../src/client/view/verification.js';
import type { Verification } from '../../../src/domain/recovery.js';

const colour = new Chalk({ level: 0 });

const inOrder: Verification = {
  environment: 'dev',
  committed: '2.0.0 (200abcde)',
  consistent: true,
  hosts: [{ host: 'web1', evicted: false, state: 'serves', differences: [] }],
  schema: { version: '4', differences: [] },
  holder: null,
};

test('in order: no sentences, no advice', () => {
  const page = describeVerification(inOrder, colour);
  expect(page.split('\n').map((line) => line.trimEnd())).toEqual([
    'dev has committed 2.0.0 (200abcde)',
    '',
    'host  state',
    'web1  ✓ serves it',
    'schema 4: as the release needs it',
    '',
    'Every host that counts serves it.',
  ]);
});

test('a database that no migration was applied to', () => {
  const page = describeVerification({ ...inOrder, schema: { version: null, differences: [] } }, colour);
  expect(page).toContain('schema without a version: as the release needs it');
});

test('what a host says is told without anything that a terminal would obey', () => {
  const hosts = [
    { host: 'web1', evicted: false, state: 'differs', differences: ['unit\u001b[2J edited'] },
  ] as const;
  expect(describeVerification({ ...inOrder, consistent: false, hosts }, colour)).toContain(
    'web1: unit [2J edited',
  );
});
