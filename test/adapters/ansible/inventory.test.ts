import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ansibleVenv } from '../../../setup/ansible.js';
import { Ansible } from '../../../src/adapters/ansible/ansible.js';
import { readInventory } from '../../../src/adapters/ansible/inventory.js';
import type { HostRef } from '../../../src/domain/plan.js';

let directory: string;
let ansible: Ansible;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-inventory-'));
  ansible = new Ansible(join(await ansibleVenv(), 'bin'));
}, 300_000);
afterAll(() => rm(directory, { recursive: true }));

async function read(text: string, group = 'all'): Promise<HostRef[]> {
  const file = join(directory, 'inventory.yml');
  await writeFile(file, text);
  return readInventory(ansible, { file, group });
}

const FLEET = `all:
  children:
    web:
      children:
        east: { hosts: { web-1.example: { ansible_host: 192.0.2.11, ansible_connection: ssh }, web-2: {} } }
        west: { hosts: { web-3: { ansible_host: '2001:db8::3', ansible_port: 2222 } } }
    db: { hosts: { db-1: {} } }
`;

test('hosts of a group and of its children, at their addresses', async () => {
  expect(await read(FLEET, 'web')).toEqual([
    { name: 'web-1.example', address: '192.0.2.11', port: 22 },
    { name: 'web-2', address: 'web-2', port: 22 },
    { name: 'web-3', address: '2001:db8::3', port: 2222 },
  ]);
  expect((await read(FLEET)).map(({ name }) => name).sort()).toEqual([
    'db-1',
    'web-1.example',
    'web-2',
    'web-3',
  ]);
}, 60_000);

test.each([
  ['a group without hosts', FLEET, 'cache', /the group cache has no hosts; its groups: .*web/],
  ['no inventory', '{ this is: [no inventory', 'all', /Ansible says: .*inventory/s],
  ['a name with a space', 'all: { hosts: { "web 1": {} } }', 'all', /name "web 1"/],
  ['no address', 'all: { hosts: { w: { ansible_host: "-oProxyCommand=x" } } }', 'all', /ansible_host of w/],
  [
    'the runner in place of a host',
    'all: { hosts: { w: { ansible_connection: local } } }',
    'all',
    /ansible_connection of w is "local"/,
  ],
  [
    'another connection for a whole group',
    'all: { children: { web: { hosts: { w: {} }, vars: { ansible_connection: "{{ way }}" } } } }',
    'web',
    /ansible_connection of w is "\{\{ way \}\}"/,
  ],
  ['no port', 'all: { hosts: { w: { ansible_port: ssh } } }', 'all', /ansible_port of w is "ssh"/],
])(
  '%s is refused with a sentence',
  async (_, text, group, message) => {
    await expect(read(text, group)).rejects.toMatchObject({
      code: 'INVENTORY_INVALID',
      message: expect.stringMatching(message),
    });
  },
  60_000,
);
