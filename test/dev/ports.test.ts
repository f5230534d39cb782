import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { freePort, portIsFree } from '../../src/dev/ports.js';

/** As `/proc/net/tcp` writes it. */
const TIME_WAIT = '06';

async function statesOf(port: number): Promise<string[]> {
  const sockets = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1);
  return sockets
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => Number.parseInt(local?.split(':')[1] ?? '', 16) === port)
    .map(([, , , state]) => state ?? '');
}

test('a free port is kept from those who ask for any port, and open to whoever asks for it by number', async () => {
  const port = await freePort();

  expect(await statesOf(port)).toContain(TIME_WAIT);
  expect(await portIsFree(port)).toBe(true);
});
