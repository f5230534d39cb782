import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCli } from '../../src/client/main.js';
import type { PolicyLine } from '../../src/config/policy-keys.js';
import { CapturedTerminal } from './captured-terminal.js';
import { shopFolder } from './shop.js';

let folder: string;
beforeAll(async () => {
  folder = await shopFolder();
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...words: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runCli(['--config', join(folder, 'safeguard.yaml'), ...words], '1.2.3', terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

test('policy show lists every value and where it comes from, and asks no server', async () => {
  const { status, stdout } = await run('policy', 'show', 'prod');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^approval\.required +true +preset production *$/m);
  expect(stdout).toMatch(/^policy +production +\S+safeguard\.yaml:\d+:\d+ *$/m);
  expect(stdout).toMatch(
    /^backup\.mode +verified \(not carried out by this version\) +preset production *$/m,
  );
});

test('as JSON', async () => {
  const { stdout } = await run('policy', 'show', 'dev', '--json');
  const said = JSON.parse(stdout) as { environment: string; values: PolicyLine[] };
  expect(said.environment).toBe('dev');
  expect(said.values).toContainEqual({
    key: 'limits.run',
    value: '6h',
    from: 'preset dev',
    carriedOut: true,
  });
});

test('an environment that is not there', async () => {
  expect(await run('policy', 'show', 'nowhere')).toMatchObject({ status: 2 });
});
