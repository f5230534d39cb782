import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import { runCli } from '../../src/client/main.js';
import { freePort } from '../../src/dev/ports.js';
import { CapturedTerminal } from './captured-terminal.js';
import { shopFolder } from './shop.js';

let folder: string;
let place: string[];

beforeAll(async () => {
  folder = await shopFolder();
  place = ['--config', join(folder, 'safeguard.yaml'), '--address', `127.0.0.1:${await freePort()}`];
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...words: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runCli([...place, ...words], '1.2.3', terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

const deploy = ['deploy', 'dev', '--version', '1.0.0'];
const LONG = 'a'.repeat(10_000);

const USAGE: readonly (readonly [what: string, words: readonly string[], says: string])[] = [
  ['nothing', [], 'no command is named'],
  ['a group without a command', ['host'], 'no command is named'],
  ['an unknown command', ['deplyo'], "unknown command 'deplyo'"],
  ['an unknown command of a group', ['host', 'evcit'], "unknown command 'evcit'"],
  ['help on nothing', ['help', 'nope'], "unknown command 'nope'"],
  ['help on nothing of a group', ['help', 'host', 'nope'], "unknown command 'nope'"],
  ['a pause without --watch', ['health', 'dev', '--every', '5s'], 'with --watch only'],
  ['metrics without a port', ['worker', '--metrics-address', '::1'], 'with --metrics-port only'],
  ['metrics of dev without a port', ['dev', '--metrics-address', '::1'], 'with --metrics-port only'],
  ['an unknown option', [...deploy, '--nope'], "unknown option '--nope'"],
  ['two environments', ['deploy', 'dev', 'prod', '--version', '1.0.0'], 'too many arguments'],
  ['no environment', ['deploy', '--version', '1.0.0'], "missing required argument 'environment'"],
  ['no version', ['deploy', 'dev'], "required option '--version <version>' not specified"],
  ['a version without its value', ['deploy', 'dev', '--version'], 'argument missing'],
  ['a negative duration', [...deploy, '--max-wait', '-5m'], 'Expected a duration'],
  ['a duration of nothing', [...deploy, '--max-wait', '0s'], 'a whole number from 1 to 999999, then s, m'],
  [
    'a duration of ages',
    [...deploy, '--max-wait', '99999999d'],
    'a whole number from 1 to 999999, then s, m',
  ],
  ['a duration without a unit', [...deploy, '--max-wait', '5'], 'Expected a duration'],
  ['another choice', [...deploy, '--if-busy', 'maybe'], 'Expected wait or fail'],
  ['what needs --follow', [...deploy, '--on-cancel', 'cancel'], 'with --follow only'],
  ['a number that is none', ['history', 'dev', '--limit', '1e3'], 'Expected a number'],
  ['a negative number', ['history', 'dev', '--limit', '-1'], 'Expected a number'],
  ['a port that is none', ['worker', '--metrics-port', '0x50'], 'Expected a port'],
  ['a time in words', ['audit', 'show', 'dev', '--since', 'tomorrow'], 'Expected a time'],
  ['a day that is none', ['audit', 'show', 'dev', '--since', '2027-02-30'], '2027-02-30 is no day'],
  ['a time out of bounds', ['audit', 'show', 'dev', '--since', '9999999d'], 'from 1 to 999999'],
  ['another shell', ['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  ['too much', ['config', 'check', 'extra'], 'too many arguments'],
];

describe.each(USAGE)('%s', (_, words, says) => {
  test('is exit 2, and a sentence with a code', async () => {
    const { status, stdout, stderr } = await run(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^(error USAGE: |Usage: )/);
    expect(stderr).toMatch(/--help|Options:/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('is one line of JSON where that is asked for', async () => {
    const { status, stdout } = await run('--json', ...words);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: expect.stringContaining(says) as unknown,
        advice: expect.stringMatching(/^See safeguard( [a-z]+)* --help\.$/) as unknown,
        see: 'docs/errors.md#usage',
        exitStatus: 2,
      },
    });
  });
});

const REFUSED: readonly (readonly [what: string, code: string, words: readonly string[]])[] = [
  ['no version at all', 'VERSION_INVALID', ['deploy', 'dev', '--version', '']],
  ['a version of a shell', 'VERSION_INVALID', ['deploy', 'dev', '--version', '1.0.0;reboot']],
  ['a version that is a command', 'VERSION_INVALID', ['deploy', 'dev', '--version', '$(reboot)']],
  ['a version of two lines', 'VERSION_INVALID', ['deploy', 'dev', '--version', '1.0.0\n1.0.1']],
  ['a version of a terminal', 'VERSION_INVALID', ['plan', 'dev', '--version', '\u001b[31m1.0.0']],
  ['a version of 10 kB', 'VERSION_INVALID', ['deploy', 'dev', '--version', LONG]],
  ['a way back of 10 kB', 'REQUEST_INVALID', ['rollback', 'dev', '--reason', 'x', '--to', LONG]],
  ['a way back to a path', 'REQUEST_INVALID', ['rollback', 'dev', '--reason', 'x', '--to', '../..']],
  ['an environment of nothing', 'ENVIRONMENT_UNKNOWN', ['status', '']],
  ['an environment of 10 kB', 'ENVIRONMENT_UNKNOWN', ['deploy', LONG, '--version', '1.0.0']],
  ['an environment of two lines', 'ENVIRONMENT_UNKNOWN', ['deploy', 'de\nv', '--version', '1.0.0']],
  ['a name of 10 kB', 'REQUEST_INVALID', [...deploy, '--by', LONG]],
  ['an id of nothing', 'REQUEST_INVALID', [...deploy, '--id', '']],
  ['a short commit', 'REQUEST_INVALID', [...deploy, '--commit', 'abc']],
  [
    'a freeze that ends before it began',
    'REQUEST_INVALID',
    ['freeze', 'dev', '--reason', 'x', '--until', '-2h'],
  ],
  [
    'a day that is none',
    'REQUEST_INVALID',
    ['disable', 'dev', '--reason', 'x', '--until', '2027-02-30T00:00'],
  ],
  ['a date alone', 'REQUEST_INVALID', ['disable', 'dev', '--reason', 'x', '--until', '2026-12-24']],
  ['a file that is not there', 'CONFIG_INVALID', ['status', '--config', '/nowhere/safeguard.yaml']],
  ['a directory for a file', 'CONFIG_INVALID', ['status', '--config', '/tmp']],
  ['a reason of blanks for a disable', 'REQUEST_INVALID', ['disable', 'dev', '--reason', '   ']],
  [
    'a reason of blanks for a freeze',
    'REQUEST_INVALID',
    ['freeze', 'dev', '--until', '2h', '--reason', ' \u200b '],
  ],
  ['a reason of blanks for a pause', 'REQUEST_INVALID', ['pause-all', '--reason', '   ']],
  ['a reason of blanks for a rollback', 'REQUEST_INVALID', ['rollback', 'dev', '--reason', '   ']],
  ['a reason of blanks for a converge', 'REQUEST_INVALID', ['converge', 'dev', '--reason', '   ']],
  ['an adoption without a word', 'REQUEST_INVALID', ['converge', 'dev', '--reason', 'x', '--adopt', ' ']],
  ['an override without a word', 'REQUEST_INVALID', [...deploy, '--override', ' ']],
  ['a name of blanks', 'REQUEST_INVALID', [...deploy, '--by', '   ']],
  ['a name of blanks for a look', 'REQUEST_INVALID', ['verify', 'dev', '--by', '   ']],
  ['no reason of an abort', 'REQUEST_INVALID', ['abort', 'dev', '--reason', '']],
  ['a reason of an abort that is red', 'REQUEST_INVALID', ['abort', 'dev', '--reason', 'a\n\u001b[31mb']],
  ['no comment', 'REQUEST_INVALID', ['approve', 'dev', '--comment', '']],
  ['a comment that is red', 'REQUEST_INVALID', ['approve', 'dev', '--comment', 'ok\u001b[31m\nred']],
  ['nobody who approves', 'REQUEST_INVALID', ['approve', 'dev', '--comment', 'ok', '--by', '']],
  [
    'nobody to be seen who rejects',
    'REQUEST_INVALID',
    ['reject', 'dev', '--comment', 'x', '--by', 'a\u200bb'],
  ],
  ['no reason to resolve', 'REQUEST_INVALID', ['resolve', 'dev', '--reason', '']],
  ['no namespace', 'REQUEST_INVALID', ['status', '--namespace', '']],
  ['a namespace of two lines', 'REQUEST_INVALID', ['status', '--namespace', 'a\nb']],
  ['a namespace of 10 kB', 'REQUEST_INVALID', ['status', '--namespace', LONG]],
  ['no address', 'REQUEST_INVALID', ['status', '--address', '']],
  ['an address that is red', 'REQUEST_INVALID', ['status', '--address', '\u001b[31mhost:1']],
  ['no profile', 'REQUEST_INVALID', ['status', '--profile', '']],
  ['a profile that is red', 'REQUEST_INVALID', ['status', '--profile', '\u001b[31mx']],
  ['no file', 'REQUEST_INVALID', ['status', '--config', '']],
  ['a file that is red', 'REQUEST_INVALID', ['status', '--config', '\u001b[31m\nx']],
  ['tests in a file that is red', 'CONFIG_INVALID', ['smoke', 'http://x', '--file', '\u001b[31mx']],
  ['no ref', 'REQUEST_INVALID', ['preflight', 'dev', '--version', '1.0.0', '--ref', '']],
  ['a ref of two lines', 'REQUEST_INVALID', ['preflight', 'dev', '--version', '1.0.0', '--ref', 'a\nb']],
  ['a ref of 10 kB', 'REQUEST_INVALID', ['preflight', 'dev', '--version', '1.0.0', '--ref', LONG]],
  ['no commit', 'REQUEST_INVALID', ['preflight', 'dev', '--version', '1.0.0', '--commit', 'xyz']],
  ['a file for a state', 'REQUEST_INVALID', ['dev', '--no-worker', '--state', '/etc/passwd']],
  ['a device for a file', 'CONFIG_INVALID', ['status', '--config', '/dev/zero']],
  ['an unknown profile', 'CONFIG_INVALID', ['status', '--profile', 'nope']],
];

test.each(REFUSED)('%s is %s: exit 2, what to do, short, and nothing is started', async (_, code, words) => {
  const { status, stdout, stderr } = await run(...words, '--json');
  expect(status).toBe(2);
  // Nothing was asked of a server: there is none, which would be exit 8.
  const { error } = JSON.parse(stdout) as { readonly error: Record<string, unknown> };
  expect(error).toMatchObject({
    code,
    exitStatus: 2,
    advice: expect.stringMatching(/^[A-Z].*\.$/) as unknown,
  });
  expect(stderr).toMatch(
    new RegExp(`^error ${code}: [^\\n]+\\n {2}[A-Z][^\\n]+\\n {2}See docs/errors\\.md#`),
  );
  expect(stderr.length).toBeLessThan(600);
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
});

test.each([
  ['host evict', ['host', 'evict', 'dev', 'web1', '--reason', LONG]],
  ['resolve', ['resolve', 'dev', '--reason', LONG]],
])('a reason that is too long for %s is told how long it may be', async (_, words) => {
  const { stderr } = await run(...words);
  expect(stderr).toContain('--reason has 10000 characters; at most 200 are taken.');
});

test('programs are sent to the help of the command, as people are', async () => {
  const { stdout } = await run('--json', 'host', 'evict', 'dev', 'web1');
  expect(JSON.parse(stdout)).toMatchObject({ error: { advice: 'See safeguard host evict --help.' } });
});

test('nothing that a terminal would obey is printed, wherever it comes from', async () => {
  const terminal = new CapturedTerminal();
  await runCli(['-V'], '1.2.3\u001b[31m', terminal);
  expect(terminal.stdout).toBe('1.2.3\\u001b[31m');
});

test('what is wrong with a line that is mistyped is told on one line, whatever was typed', async () => {
  const { status, stderr } = await run('smoke', 'http://x', '--var', '\u001b[31mA\nb');
  expect(status).toBe(2);
  expect(stderr).toContain("argument '\\u001b[31mA\\nb' is invalid. Expected name=value");
  const long = await run('history', 'dev', '--limit', LONG);
  expect(long.stderr).toMatch(
    /^error USAGE: option '--limit <number>' argument 'aaa.*…a.* is invalid\. Expected/,
  );
  expect(long.stderr.length).toBeLessThan(600);
  expect((await run('deplyo')).stderr).toContain(
    "error USAGE: unknown command 'deplyo'\n(Did you mean deploy?)\n",
  );
});

test.each([[['help']], [['help', 'deploy']], [['help', 'host', 'evict']], [['deploy', '--help']]])(
  '%j is exit 0',
  async (words) => {
    expect(await run(...words)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Usage: safeguard') as unknown,
    });
  },
);

test('output that can not be written ends the command with a sentence', async () => {
  const words = [join(checkoutRoot(), 'bin', 'safeguard.js'), 'config', 'schema'];
  const shell = ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, ...words];
  const { exitCode, stderr } = await execa('bash', shell, { reject: false });
  expect(stderr).toMatch(/^Standard output can't be written: ENOSPC[^\n]*$/);
  expect(exitCode).toBe(74);
}, 30_000);

// Without `endWhenUnread` it ended with a stack trace.
test('output that nobody reads any more ends the command without a word', async () => {
  const words = [join(checkoutRoot(), 'bin', 'safeguard.js'), 'config', 'schema'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect({ said, status: child.exitCode }).toEqual({ said: '', status: 141 });
}, 30_000);
