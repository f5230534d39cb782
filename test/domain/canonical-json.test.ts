import { expect, test } from '@jest/globals';
import { canonicalJson } from '../../src/domain/canonical-json.js';

test('keys are sorted at every depth and undefined ones left out', () => {
  expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'ü\n', c: undefined })).toBe('{"a":"ü\\n","b":[{"a":null,"z":1}]}');
});
