import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../src/domain/canonical-json.js';

test('keys are sorted at every depth and undefined ones left out', () => {
  expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'ü\n', c: undefined })).toBe(
    '{"a":"ü\\n","b":[{"a":null,"z":1}]}',
  );
});

const json = fc.jsonValue().map((value) => value as Json);

test('it is JSON of the same value', () => {
  // -0 is the one number that JSON has two texts for.
  fc.assert(
    fc.property(json, (value) =>
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('the order of keys changes nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (map) => {
      const reversed = Object.fromEntries(Object.entries(map).reverse());
      expect(canonicalJson(reversed)).toBe(canonicalJson(map));
    }),
  );
});
