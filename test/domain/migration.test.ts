import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { migrationVersion, pendingMigrations } from '../../src/domain/migration.js';

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
