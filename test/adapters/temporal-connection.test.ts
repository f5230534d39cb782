import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectClient, temporalSettings } from '../../src/adapters/temporal-connection.js';
import { connectWorker } from '../../src/adapters/temporal-worker-connection.js';
import { freePort } from '../../src/dev/ports.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'safeguard-'));
});

afterEach(() => rm(home, { recursive: true }));

async function profileFile(text: string): Promise<string> {
  const file = join(home, 'temporal.toml');
  await writeFile(file, text);
  return file;
}

describe('where Temporal is', () => {
  test('nothing said: loopback, and nobody configured it', () => {
    expect(temporalSettings({ environment: { HOME: home } })).toEqual({
      address: '127.0.0.1:7233',
      namespace: 'default',
      configured: false,
      credentials: {},
    });
  });

  test('an override wins over the environment, the environment over the profile', async () => {
    const TEMPORAL_CONFIG_FILE = await profileFile(
      '[profile.default]\naddress = "file:1"\nnamespace = "from-file"\n',
    );
    const environment = { TEMPORAL_CONFIG_FILE, TEMPORAL_ADDRESS: 'environment:2' };
    expect(temporalSettings({ environment: { TEMPORAL_CONFIG_FILE } })).toMatchObject({
      address: 'file:1',
      configured: true,
    });
    expect(temporalSettings({ environment })).toMatchObject({
      address: 'environment:2',
      namespace: 'from-file',
    });
    expect(temporalSettings({ environment, address: 'override:3' })).toMatchObject({ address: 'override:3' });
  });

  test('a variable that is empty counts as one that is not set', async () => {
    const TEMPORAL_CONFIG_FILE = await profileFile('[profile.default]\naddress = "file:1"\n');
    const environment = { TEMPORAL_CONFIG_FILE, TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '' };
    expect(temporalSettings({ environment })).toMatchObject({ address: 'file:1', namespace: 'default' });
  });

  test.each([
    ['REQUEST_INVALID', '--address', { address: '' }],
    ['REQUEST_INVALID', '--namespace', { namespace: 'a\nb' }],
    ['REQUEST_INVALID', '--profile', { profile: ' ' }],
    ['CONFIG_INVALID', 'TEMPORAL_NAMESPACE', { environment: { TEMPORAL_NAMESPACE: 'a'.repeat(201) } }],
    ['CONFIG_INVALID', 'TEMPORAL_ADDRESS', { environment: { TEMPORAL_ADDRESS: '\u001b[31m' } }],
  ])('%s: %s is blank, too long, or no line', (code, named, overrides) => {
    expect(() => temporalSettings({ environment: { HOME: home }, ...overrides })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(named) }),
    );
  });

  test('an API key turns TLS on', () => {
    const environment = { HOME: home, TEMPORAL_ADDRESS: 'cloud:7233', TEMPORAL_API_KEY: 'key' };
    expect(temporalSettings({ environment }).credentials).toEqual({ apiKey: 'key', tls: true });
  });

  test('an unknown profile is an error of the configuration', async () => {
    const TEMPORAL_CONFIG_FILE = await profileFile('[profile.default]\naddress = "file:1"\n');
    const settings = () => temporalSettings({ environment: { TEMPORAL_CONFIG_FILE }, profile: 'production' });
    expect(settings).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('production') }),
    );
  });
});

describe('a server that is not there', () => {
  test.each([
    ['client', connectClient],
    ['worker', connectWorker],
  ])(
    '%s: refused connection is TEMPORAL_UNREACHABLE within five seconds',
    async (_, open) => {
      const address = `127.0.0.1:${await freePort()}`;
      const began = Date.now();
      await expect(open(temporalSettings({ address, environment: { HOME: home } }))).rejects.toMatchObject({
        code: 'TEMPORAL_UNREACHABLE',
        message: expect.stringContaining(address),
      });
      expect(Date.now() - began).toBeLessThan(6_000);
    },
    15_000,
  );

  test.each([
    ['client', connectClient],
    ['worker', connectWorker],
  ])(
    '%s: a port that never answers is TEMPORAL_UNREACHABLE within five seconds',
    async (_, open) => {
      const port = await freePort();
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy())));
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
      const began = Date.now();
      const address = `127.0.0.1:${port}`;
      try {
        await expect(open(temporalSettings({ address, environment: { HOME: home } }))).rejects.toMatchObject({
          code: 'TEMPORAL_UNREACHABLE',
        });
        expect(Date.now() - began).toBeLessThan(6_000);
      } finally {
        silent.close();
        for (const socket of sockets) socket.destroy();
      }
    },
    15_000,
  );
});
