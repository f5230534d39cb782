import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from '../../src/client/main.js';
import { freePort } from '../../src/dev/ports.js';
import { CapturedTerminal } from './captured-terminal.js';
import { SHOP, shopFolder } from './shop.js';

let folder: string;
let nowhere: string;

beforeAll(async () => {
  folder = await shopFolder();
  nowhere = `127.0.0.1:${await freePort()}`;
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...words: string[]) {
  const terminal = new CapturedTerminal();
  const options = ['--config', join(folder, 'safeguard.yaml'), '--address', nowhere];
  const status = await runCli([...words, ...options], '1.2.3', terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

describe('a command line that makes no sense is exit 2', () => {
  test.each([
    ['no command', []],
    ['unknown command', ['deplyo']],
    ['no version', ['deploy', 'dev']],
    ['no comment', ['approve', 'dev']],
    ['no reason', ['resolve', 'dev']],
    ['no reason for a rollback', ['rollback', 'dev']],
    ['no reason for a converge', ['converge', 'dev']],
    ['no host', ['host', 'evict', 'dev', '--reason', 'x']],
    ['no reason for an eviction', ['host', 'evict', 'dev', 'web1']],
    ['no reason for a rejoin', ['host', 'rejoin', 'dev', 'web1']],
    ['no reason for a disable', ['disable', 'dev']],
    ['no end of a freeze', ['freeze', 'dev', '--reason', 'x']],
    ['no reason for a pause', ['pause-all']],
    ['bad port', ['dev', '--port', '70000']],
  ])('%s', async (_, words) => {
    expect(await run(...words)).toMatchObject({ status: 2 });
  });

  test('help and version are exit 0', async () => {
    const terminal = new CapturedTerminal();
    expect(await runCli(['--help'], '1.2.3', terminal)).toBe(0);
    expect(await runCli(['--version'], '1.2.3', terminal)).toBe(0);
    expect(terminal.stdout).toMatch(/Usage: safeguard[\s\S]*1\.2\.3$/);
  });
});

describe('what is wrong is refused before Temporal is contacted', () => {
  test.each([
    ['ENVIRONMENT_UNKNOWN', ['deploy', 'nowhere', '--version', '1.0.0']],
    ['ENVIRONMENT_UNKNOWN', ['status', 'nowhere']],
    ['ENVIRONMENT_UNKNOWN', ['abort', 'nowhere']],
    ['VERSION_INVALID', ['deploy', 'dev', '--version', '../../etc']],
    ['VERSION_INVALID', ['deploy', 'dev', '--version', 'latest']],
    ['ENVIRONMENT_UNKNOWN', ['verify', 'nowhere']],
    ['REQUEST_INVALID', ['deploy', 'dev', '--version', '1.0.0', '--id', 'a/b']],
    ['REQUEST_INVALID', ['rollback', 'dev', '--reason', 'x', '--id', 'a/b']],
    ['REQUEST_INVALID', ['rollback', 'dev', 'frontend', '--reason', 'x']],
    ['REQUEST_INVALID', ['converge', 'dev', '--reason', '']],
    ['REQUEST_INVALID', ['converge', 'dev', '--reason', 'x', '--by', '']],
    ['REQUEST_INVALID', ['converge', 'dev', '--reason', 'x', '--adopt', 'a\nb']],
    ['REQUEST_INVALID', ['host', 'evict', 'dev', 'web1', '--reason', 'a\nb']],
    ['REQUEST_INVALID', ['host', 'rejoin', 'dev', 'web1', '--reason', 'a\nb']],
    ['REQUEST_INVALID', ['deploy', 'dev', '--version', '1.0.0', '--by', '']],
    ['REQUEST_INVALID', ['deploy', 'dev', '--version', '1.0.0', '--adopt', 'a\nb']],
  ])('%s', async (code, words) => {
    const { status, stderr } = await run(...words);
    expect(stderr).toContain(`error ${code}: `);
    expect(stderr).toContain(`docs/errors.md#${code.toLowerCase().replaceAll('_', '-')}`);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(2);
  });
});

test('a server that is away is exit 8, with its cause only when asked for', async () => {
  const brief = await run('deploy', 'dev', '--version', '1.0.0');
  expect(brief).toMatchObject({ status: 8, stdout: '' });
  expect(brief.stderr).toContain(`Temporal does not answer at ${nowhere}`);
  expect(brief.stderr).not.toContain('caused by');
  const verbose = await run('status', '--verbose');
  expect(verbose).toMatchObject({ status: 8 });
  expect(verbose.stderr).toContain('caused by');
}, 30_000);

test('config check says what it read, and what is wrong', async () => {
  const good = await run('config', 'check');
  expect(good).toMatchObject({ status: 0 });
  expect(good.stdout).toContain('prod: backend on web1, web2; no migrations; approval required');
  const file = join(folder, 'inventory.yaml');
  await writeFile(file, SHOP.replace('    hosts: { web1: 127.0.0.1 }', '    inventory: { file: hosts.ini }'));
  const other = new CapturedTerminal();
  await runCli(['config', 'check', '--config', file], '1', other);
  expect(other.stdout).toContain(`dev: backend on the hosts of ${join(folder, 'hosts.ini')}; no migrations`);
  const terminal = new CapturedTerminal();
  expect(await runCli(['config', 'check', '--config', '/nowhere.yaml'], '1', terminal)).toBe(2);
  expect(terminal.stderr).toContain("/nowhere.yaml can't be read");
});
