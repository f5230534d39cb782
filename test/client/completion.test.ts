import { expect, test, describe } from '@jest/globals';
import type { Command } from 'commander';
import { execa } from 'execa';
import { runCli } from '../../src/client/main.js';
import { createProgram } from '../../src/client/program.js';
import { completionTree, withDescendants } from '../../src/client/completion/tree.js';
import { CapturedTerminal } from './captured-terminal.js';

async function script(shell: string): Promise<string> {
  const terminal = new CapturedTerminal();
  expect(await runCli(['completion', shell], '1', terminal)).toBe(0);
  return terminal.stdout;
}

/** What bash would offer after these words, of which the last is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _safeguard; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const argv = ['--norc', '-c', `${await script('bash')}\n${ask}`, 'bash', 'safeguard', ...words];
  const { stdout, stderr } = await execa('bash', argv);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('in bash', () => {
  test.each([
    ['a command', ['dep'], ['deploy']],
    ['a command below another', ['host', ''], expect.arrayContaining(['evict', 'rejoin'])],
    ['an option', ['deploy', 'production', '--fo'], ['--force', '--follow']],
    ['an option that every command has', ['queue', 'production', '--js'], ['--json']],
    ['after an option with a value', ['--namespace', 'x', 'config', 'c'], ['check']],
    ['a value that reads like a command', ['--namespace', 'deploy', 'host', 'ev'], ['evict']],
    ['not the value of an option', ['deploy', 'production', '--version', ''], []],
    ['nothing that is not there', ['nonsense-'], []],
  ])('%s', async (_, words, expected) => expect(await offered(...words)).toEqual(expected));
});

describe('every shell is offered every command and every option', () => {
  const program: Command = createProgram(new CapturedTerminal(), '1', () => undefined);
  const commands = withDescendants(completionTree(program));

  test.each(['bash', 'zsh'])('%s', async (shell) => {
    const text = await script(shell);
    for (const { path, options } of commands) {
      expect(text).toContain(`'${path.join(' ')}'`);
      for (const { flags } of options) for (const flag of flags) expect(text).toContain(flag);
    }
  });

  test('fish', async () => {
    const text = await script('fish');
    for (const { path, options } of commands) {
      if (path.length > 0) expect(text).toContain(`-a '${path.at(-1) ?? ''}'`);
      for (const { flags } of options)
        for (const flag of flags)
          expect(text).toContain(flag.startsWith('--') ? `-l ${flag.slice(2)} ` : `-s ${flag.slice(1)} `);
    }
  });

  test('and nothing of its descriptions is carried out', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const quotes = (await script(shell)).split('\n').map((line) => line.split("'").length - 1);
      expect(quotes.filter((count) => count % 2 !== 0)).toEqual([]);
    }
  });
});

test('another shell is exit 2, and says which there are', async () => {
  const terminal = new CapturedTerminal();
  expect(await runCli(['completion', 'tcsh'], '1', terminal)).toBe(2);
  expect(terminal.stderr).toContain('bash, zsh, fish');
});
