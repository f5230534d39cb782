import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import fc from 'fast-check';
import { commandLine, quoteArgument } from '../../../src/adapters/ssh/command-line.js';

test('an argument is quoted as a whole', () => {
  expect(commandLine(['echo', '', "it's $(id)"])).toBe(`'echo' '' 'it'\\''s $(id)'`);
});

test('a shell gives every argument back as it was', async () => {
  const argument = fc.string({ unit: fc.constantFrom(...Array.from(`'"\\$\`;&|<>*?!~#(){}[] \n\t=-%aü✓`)) });
  const property = fc.asyncProperty(fc.array(argument, { maxLength: 5 }), async (args) => {
    const line = commandLine(['printf', '%s\\0', 'first', ...args]);
    const { stdout } = await execa('sh', ['-c', line], { stripFinalNewline: false });
    expect(stdout).toBe(['first', ...args].map((arg) => `${arg}\0`).join(''));
  });
  await fc.assert(property, { numRuns: 60 });
});

test('what no argument can hold is refused', () => {
  expect(() => quoteArgument('a\0b')).toThrow(TypeError);
  expect(() => commandLine([])).toThrow(TypeError);
});
