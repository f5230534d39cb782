import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporalSettings } from '../../src/adapters/temporal-connection.js';
import { claim, release } from '../../src/dev/dev-record.js';
import { runDev } from '../../src/dev/dev.js';

let stateDirectory: string;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'safeguard-dev-'));
});
afterEach(() => rm(stateDirectory, { recursive: true }));

const dev = (directory: string) =>
  runDev({
    settings: temporalSettings({ environment: {} }),
    stateDirectory: directory,
    port: 7233,
    uiPort: 8233,
  });

test('a second one on the same state is told where the first one is', async () => {
  await claim(stateDirectory, { address: '127.0.0.1:1', uiUrl: 'http://127.0.0.1:2' });
  await expect(dev(stateDirectory)).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: `Process ${process.pid} already runs safeguard dev on ${stateDirectory}, with Temporal at 127.0.0.1:1 and its Web UI at http://127.0.0.1:2.`,
  });
  await release(stateDirectory);
});

test.each(['/etc/passwd', '/dev/null/state'])(
  'a state in %s is refused as a bad request',
  async (directory) => {
    await expect(dev(directory)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining(JSON.stringify(directory)) as unknown,
    });
  },
);
