import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { configReference } from '../../src/client/view/config-reference.js';
import { DESCRIPTIONS } from '../../src/config/descriptions.js';
import { configJsonSchema } from '../../src/config/json-schema.js';
import { schemaKeys } from '../../src/config/schema-keys.js';

const ROOT = join(import.meta.dirname, '..', '..');
const schema = configJsonSchema();
/** Judges by the published schema alone, as an editor does. */
const editor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

function example(name: string): string {
  return readFileSync(join(ROOT, 'examples', name, 'safeguard.yaml'), 'utf8');
}

/** What an editor says of the campus with one text replaced; empty: nothing. */
function objections(from: string, to: string): string[] {
  const text = example('campus');
  expect(text).toContain(from);
  return (editor.safeParse(parse(text.replace(from, to))).error?.issues ?? []).map(({ message }) => message);
}

describe('what is published is what this version knows', () => {
  const hint = 'build, then: node bin/safeguard.js config schema';

  test(`docs/safeguard.schema.json (${hint})`, () => {
    const published = readFileSync(join(ROOT, 'docs', 'safeguard.schema.json'), 'utf8');
    expect(published).toBe(`${JSON.stringify(schema, null, 2)}\n`);
  });

  test(`docs/configuration.md (${hint} --markdown)`, () => {
    expect(readFileSync(join(ROOT, 'docs', 'configuration.md'), 'utf8')).toBe(`${configReference(schema)}\n`);
  });

  test('every key is explained, and nothing else is', () => {
    expect(Object.keys(DESCRIPTIONS).sort()).toEqual(
      [...new Set(schemaKeys(schema).map(({ path }) => path))].sort(),
    );
  });
});

describe('an editor that has the schema', () => {
  test.each(['campus', 'kiosk'])('finds nothing wrong with the example %s', (name) => {
    expect(editor.safeParse(parse(example(name)))).toMatchObject({ success: true });
  });

  test.each([
    ['a placeholder for a number', 'port: 8080', "port: '{vars.port}'"],
    ['a placeholder in a name', 'artifact: backend.tar.gz', "artifact: 'backend-{version}.tar.gz'"],
    ['a single value laid over', 'backend: { port: 8081 }', "backend: { environment: { A: 'b' } }"],
  ])('takes %s', (_, from, to) => expect(objections(from, to)).toEqual([]));

  test.each([
    ['a key that is unknown', 'records: records', 'recrods: records'],
    ['a port that is none', 'port: 8080', 'port: 80800'],
    ['a kind that is unknown', 'kind: systemd', 'kind: docker'],
    ['a missing key', '    user: campus\n', ''],
    ['an unknown policy', 'policy: dev', 'policy: test'],
    ['a wrong duration', 'minimum_tables: 10', 'timeout: 10 minutes'],
    ['a wrong value laid over', 'backend: { port: 8081 }', 'backend: { port: many }'],
  ])('underlines %s', (_, from, to) => expect(objections(from, to)).not.toEqual([]));

  test('needs to know nothing that is not of JSON Schema itself', () => {
    const text = JSON.stringify(schema);
    expect(text).not.toContain('"format"');
    expect(text).not.toContain('\\\\p{');
  });

  test('knows the defaults as one writes them', () => {
    const defaults = new Map(schemaKeys(schema).map((key) => [key.path, key.schema.default]));
    expect(defaults.get('components.*[kind=systemd].stop_timeout')).toBe('30s');
    expect(defaults.get('migrations.timeout')).toBe('10m');
    expect(defaults.get('cache.port')).toBe(6379);
  });
});
