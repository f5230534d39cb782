import { expect, jest, test } from '@jest/globals';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { hostsOrKnown } from '../../src/activities/hosts-of.js';
import type { Pulse } from '../../src/activities/pulse.js';
import type { EnvironmentConfig } from '../../src/config/load.js';
import { SafeguardError } from '../../src/domain/errors.js';
import type { HostRef } from '../../src/domain/plan.js';

const WEB_1: HostRef = { name: 'web-1', address: '10.0.0.1', port: 22 };
const WEB_2: HostRef = { name: 'web-2', address: '10.0.0.2', port: 22 };

/** The hosts of a way back where the last run changed `known`, and reading the inventory comes to this. */
async function hosts(known: readonly HostRef[], read: () => Promise<readonly HostRef[]>) {
  const say = jest.fn();
  const environment = { hosts: [], inventory: { file: '/inventory' } } as unknown as EnvironmentConfig;
  const dependencies = { readInventory: read } as unknown as Dependencies;
  const pulse = { signal: new AbortController().signal, say } as unknown as Pulse;
  return { found: await hostsOrKnown(dependencies, environment, known, pulse), said: say.mock.calls };
}

test('a way back goes to the hosts of the inventory', async () => {
  expect(await hosts([WEB_1], () => Promise.resolve([WEB_1, WEB_2]))).toEqual({
    found: [WEB_1, WEB_2],
    said: [],
  });
});

test.each(['INVENTORY_INVALID', 'ANSIBLE_MISSING'] as const)(
  'where it can not be read (%s), to those that the last run changed, and it is said',
  async (code) => {
    const read = () => Promise.reject(new SafeguardError(code, 'no such file'));
    expect(await hosts([WEB_1], read)).toEqual({
      found: [WEB_1],
      said: [['the inventory is not known: no such file']],
    });
    await expect(hosts([], read)).rejects.toMatchObject({ code });
  },
);

test('a cancellation is no reason to guess', async () => {
  await expect(hosts([WEB_1], () => Promise.reject(new Error('cancelled')))).rejects.toThrow('cancelled');
});
