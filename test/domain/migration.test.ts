import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  interruptedScript,
  migrationVersion,
  pendingMigrations,
  pendingScript,
  type PendingScript,
} from '../../src/domain/migration.js';
import { sqlStatements } from '../../src/domain/sql-statements.js';

test.each([
  ['V1__init.sql', '1'],
  ['V2_1__add_fees.sql', '2.1'],
  ['V2.1__add_fees.sql', '2.1'],
  ['V20261121__x.sql', '20261121'],
  ['R__views.sql', null],
  ['U1__undo.sql', null],
  ['V1_init.sql', null],
  ['V1__.sql', null],
  ['V1__init.txt', null],
  ['v1__init.sql', null],
])('%s has version %s', (file, version) => expect(migrationVersion(file)).toBe(version));

test('only versioned files above the present version are pending, in the order given', () => {
  const files = ['V1__a.sql', 'V2__b.sql', 'V2_1__c.sql', 'V10__d.sql', 'R__views.sql'];
  expect(pendingMigrations(files, '2')).toEqual(['V2_1__c.sql', 'V10__d.sql']);
  expect(pendingMigrations(files, null)).toEqual(files.slice(0, 4));
  expect(pendingMigrations(files, '10')).toEqual([]);
});

test('what was applied is never pending again', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000)), fc.nat(1000), (numbers, current) => {
      const files = numbers.map((number) => `V${number}__m.sql`);
      const pending = pendingMigrations(files, String(current)).map((file) => Number(migrationVersion(file)));
      expect(pending).toEqual(numbers.filter((number) => number > current));
    }),
  );
});

const script = (sql: string, forcedOut = false): PendingScript =>
  pendingScript({ version: '2', script: 'V2__x.sql', sql }, forcedOut);

test('a script that only makes named indexes concurrently says which', () => {
  const sql = `-- fees; by student
    create unique index concurrently Fees_By_Student on fees (student_id) where state = 'open;';
    /* and /* nested; */ */ CREATE INDEX CONCURRENTLY IF NOT EXISTS "Odd ""name" ON only public."Fees"(id);`;
  expect(script(sql)).toMatchObject({
    kind: 'indexes',
    indexes: [
      { name: 'fees_by_student', table: 'fees' },
      { name: 'Odd "name', table: 'public."Fees"' },
    ],
  });
});

test.each([
  ['create index concurrently on fees (id)', 'other'],
  ['create index concurrently a on fees (id); insert into fees values (1)', 'other'],
  ['drop index concurrently a', 'other'],
  ['vacuum fees', 'other'],
  ["alter type mood add value 'calm'", 'other'],
  ['begin; create table a(); commit', 'other'],
  ['create index a on fees (id)', 'transactional'],
  [
    "create table a(); -- create index concurrently a on fees (id)\ninsert into a values ('vacuum')",
    'transactional',
  ],
  ['create function f() returns int language plpgsql as $x$ begin; return 1; end $x$', 'transactional'],
  ['', 'transactional'],
])('%s: %s', (sql, kind) => expect(script(sql)).toMatchObject({ kind, indexes: [] }));

test('a script that its settings take out of the transaction', () => {
  expect(script('create table a()', true).kind).toBe('other');
  expect(script('create index concurrently a on fees (id)', true).kind).toBe('indexes');
});

test('the first script that is not applied is the one that was interrupted', () => {
  const pending = ['2', '2.1', '10'].map((version) => ({ ...script('select 1'), version }));
  expect(interruptedScript(pending, ['1', '2'])?.version).toBe('2.1');
  expect(interruptedScript(pending, ['1', '2.0', '2.1', '10'])).toBeNull();
});

test('statements are told apart whatever they quote', () => {
  const sql = `select ';' , "a;b" ; select $$ ; $$; select $a$ ; $$ $a$ -- ; \n; /* ; */ ; select 1 /* open ;`;
  expect(sqlStatements(sql)).toEqual([
    `select ';' , "a;b"`,
    'select $$ ; $$',
    'select $a$ ; $$ $a$',
    'select 1',
  ]);
});
