import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Finding } from '../../src/domain/finding.js';
import { CliServer } from './cli-server.js';

let cli: CliServer;
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

async function examined(...words: string[]) {
  const { status, stdout } = await cli.run('doctor', '--json', ...words);
  const { isReady, findings } = JSON.parse(stdout) as {
    readonly isReady: boolean;
    readonly findings: readonly Finding[];
  };
  return { status, isReady, states: new Map(findings.map(({ check, state }) => [check, state])), findings };
}

/** Repeats a look while the server does not know of the worker yet. */
async function examinedUntil(workers: string, ...words: string[]) {
  for (;;) {
    const found = await examined(...words);
    if (found.states.get('workers') === workers) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('doctor', () => {
  test('finds nothing missing for a client, where server and worker are there', async () => {
    const { status, isReady, states } = await examinedUntil('ok', '--client');
    expect({ status, isReady }).toEqual({ status: 0, isReady: true });
    expect([...states.keys()]).toEqual([
      'configuration',
      'node',
      'temporal',
      'namespace',
      'search-attributes',
      'workers',
    ]);
    expect((await cli.run('doctor', '--client')).stdout).toMatch(/✓ workers .* on task queue safeguard-shop/);
  }, 60_000);

  test('says what a runner lacks, what to do, and exits with 9', async () => {
    const { status, isReady, states } = await examined();
    expect({ status, isReady }).toEqual({ status: 9, isReady: false });
    expect(states.get('ssh-key')).toBe('missing');
    const { stdout } = await cli.run('doctor');
    expect(stdout).toMatch(/✗ ssh-key +\/.*key is not there\n +→ Make one \(ssh-keygen/);
    expect(stdout).toMatch(/\d+ missing.*\.$/);
  }, 60_000);

  test('a namespace that is not there', async () => {
    const { status, findings } = await examined('--client', '--namespace', 'nowhere');
    expect(status).toBe(9);
    expect(findings.at(-1)).toMatchObject({
      check: 'namespace',
      state: 'missing',
      advice: expect.stringContaining('namespace create --namespace nowhere'),
    });
  }, 60_000);

  test('a configuration that is not in order is a finding like any other', async () => {
    const { status, findings } = await examined('--client', '--config', '/nowhere.yaml');
    expect(status).toBe(9);
    expect(findings[0]).toMatchObject({ check: 'configuration', state: 'missing' });
  }, 60_000);

  test('a server that is away', async () => {
    await cli.stopServer();
    const { status, states, findings } = await examined('--client');
    expect({ status, temporal: states.get('temporal') }).toEqual({ status: 9, temporal: 'missing' });
    expect(findings.at(-1)?.advice).toContain('safeguard dev');
    await cli.startServerAgain();
  }, 60_000);
});
