import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { canonicalJson, type Json } from '../../src/domain/canonical-json.js';
import { HOST_ERROR_CODES, HOST_PROTOCOL } from '../../src/domain/host-protocol.js';

const LIBRARY = fileURLToPath(new URL('../../ansible/library', import.meta.url));
const TESTS = fileURLToPath(new URL('../../ansible/tests', import.meta.url));

/** Runs Python beside the program: `values` is the JSON of `input`. */
async function python(expression: string, input: Json = null): Promise<unknown> {
  const code = `import json, sys; sys.path.insert(0, sys.argv[1]); import safeguard_host as host
values = json.load(sys.stdin); print(json.dumps(${expression}))`;
  const { stdout } = await execa('python3', ['-B', '-c', code, LIBRARY], { input: JSON.stringify(input) });
  return JSON.parse(stdout) as unknown;
}

const VECTORS: Json[] = [
  null,
  [],
  {},
  { b: 1, a: [true, false, null], c: { z: '', y: -1 } },
  { text: '"\\\b\f\n\r\t\u0001\u001f\u007f/\u2028é\u{1f600}' },
  { ﬃ: 1, '\u{1f600}': 2, A: 3, a: 4, '': 5 },
  { big: 9007199254740991, zero: -0 },
];

describe('safeguard-host and TypeScript agree on', () => {
  test('the error codes', async () => {
    expect(await python('list(host.ERROR_CODES)')).toEqual([...HOST_ERROR_CODES]);
  });

  test('the protocol version', async () => {
    expect(await python('host.PROTOCOL')).toBe(HOST_PROTOCOL);
  });

  test('the canonical text of JSON values', async () => {
    expect(await python('[host.canonical_json(value) for value in values]', VECTORS)).toEqual(
      VECTORS.map((value) => canonicalJson(value)),
    );
  });
});

test("safeguard-host's own tests pass", async () => {
  const { exitCode, stderr } = await execa('python3', ['-B', '-m', 'unittest', 'discover', '-s', TESTS], {
    reject: false,
  });
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
}, 120_000);
