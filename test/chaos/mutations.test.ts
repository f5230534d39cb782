import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { execa } from 'execa';
import ts from 'typescript';
import { MUTATIONS, mutationCalled } from '../../chaos/mutations/list.js';
import { mutatedFiles, replaced } from '../../chaos/mutations/mutation.js';
import { checkoutRoot } from '../../setup/checkout.js';

function read(file: string): string {
  return readFileSync(join(checkoutRoot(), file), 'utf8');
}

/** Complaints of the language's own parser; empty: none. */
async function complaints(file: string, text: string): Promise<string> {
  if (extname(file) === '.py') {
    const argv = [
      '-B',
      '-W',
      'error',
      '-c',
      'import sys; compile(sys.stdin.read(), sys.argv[1], "exec")',
      file,
    ];
    return (await execa('python3', argv, { input: text, reject: false })).stderr;
  }
  const { diagnostics = [] } = ts.transpileModule(text, { fileName: file, reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n');
}

test('there is one for every safeguard that chaos has to miss', () => {
  expect(MUTATIONS.map(({ name }) => name)).toEqual([
    'fencing',
    're-attach',
    'undo-before-do',
    'read-back',
    'journal-and-boot-gate',
    'cancellation-type',
    'non-cancellable-compensation',
  ]);
});

describe.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))('%s', (_, mutation) => {
  test('still fits the product, changes it, and what comes of it is still a program', async () => {
    const files = mutatedFiles(mutation, read);
    expect(files.size).toBeGreaterThan(0);
    for (const [file, text] of files) {
      expect(text).not.toBe(read(file));
      expect(await complaints(file, text)).toBe('');
    }
  });

  test('says where faults have to be aimed', () => {
    expect(mutation.aimedAt.length).toBeGreaterThan(0);
    expect(mutation.scenarios.length).toBeGreaterThan(0);
  });
});

test('a parser complains of what is no program', async () => {
  expect(await complaints('a.py', 'if False:\n')).toContain('IndentationError');
  expect(await complaints('a.ts', 'const a = ;')).toContain('Expression expected');
});

test.each([
  ['none', 'other text', 0],
  ['two', 'one, and one', 2],
])('a replacement whose place is there %s times is refused', (_, text, count) => {
  const replacement = { file: 'a.ts', find: 'one', replace: 'two' };
  expect(() => replaced(text, replacement)).toThrow(`a.ts has ${count} times, not once: "one"`);
});

test('an unknown name is answered with the known ones', () => {
  expect(() => mutationCalled('gravity')).toThrow(/no mutation "gravity". Known: fencing, re-attach/);
});
