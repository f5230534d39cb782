import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ansibleVenv } from '../setup/ansible.js';
import { cacheDirectory, cached } from '../setup/cache.js';
import { say } from '../setup/say.js';
import { additionLayer, type Addition } from './additions.js';
import { upperDirectory } from './disk.js';
import { LabError } from './errors.js';
import { execute, must } from './execute.js';
import { powerOff } from './guest.js';
import { IMAGE_KEY, baseImage, contentKey } from './image.js';
import { labKeys, type LabKeys } from './keys.js';
import { REPOSITORY, labDirectory, labNamespace, planHosts, type LabHost, type LabRecord } from './layout.js';
import { enterNamespace } from './network.js';
import { lower } from './lower.js';
import { raise } from './raise.js';

/** The user that deploys; may run `safeguard-host` as root and nothing else. */
export const DEPLOY_USER = 'deploy';

const ANSIBLE = join(REPOSITORY, 'ansible');
const PLAYBOOK = join(ANSIBLE, 'playbooks/prepare.yml');
const APPLICATIONS = join(REPOSITORY, 'lab/applications.json');

// What belongs to the temporary host and not to every host made from it.
const PERSONAL = [
  ...[
    'etc/machine-id',
    'etc/hostname',
    'etc/hosts',
    'etc/ssh/ssh_host_ed25519_key',
    'etc/ssh/ssh_host_ed25519_key.pub',
  ],
  ...['root', 'tmp', 'var/tmp', 'var/log/journal', 'var/log/wtmp', 'var/log/btmp', 'var/log/lastlog'],
  ...['var/lib/dbus/machine-id', 'var/lib/systemd/random-seed', 'var/lib/systemd/timers'],
];

async function fileTexts(directory: string): Promise<[string, string][]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const relevant = paths
    .filter((path) => !path.endsWith('.pyc') && !path.startsWith(join(ANSIBLE, 'tests/')))
    .sort();
  return Promise.all(
    relevant.map(async (path): Promise<[string, string]> => [
      path.slice(directory.length),
      await readFile(path, 'utf8'),
    ]),
  );
}

/** Names what hosts are prepared with: the playbook with all it uses, the permitted applications, key and image. */
async function layerKey(): Promise<string> {
  const deployPublicKey = await readFile(`${(await labKeys()).deploy}.pub`, 'utf8');
  const applications = await readFile(APPLICATIONS, 'utf8');
  return contentKey([IMAGE_KEY, deployPublicKey, applications, await fileTexts(ANSIBLE)]);
}

async function inventory(lab: string, host: LabHost, keys: LabKeys): Promise<unknown> {
  const knownHosts = join(labDirectory(lab), 'known_hosts');
  return {
    all: {
      hosts: { [host.name]: { ansible_host: host.address } },
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: keys.root,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes -o ControlMaster=no -o ServerAliveInterval=2 -o ServerAliveCountMax=2`,
        ansible_python_interpreter: '/usr/bin/python3',
        safeguard_deploy_user: DEPLOY_USER,
        safeguard_deploy_key: (await readFile(`${keys.deploy}.pub`, 'utf8')).trim(),
        safeguard_applications: JSON.parse(await readFile(APPLICATIONS, 'utf8')) as unknown,
      },
    },
  };
}

async function runPlaybook(lab: string, host: LabHost, keys: LabKeys): Promise<void> {
  const file = join(labDirectory(lab), 'inventory.json');
  await writeFile(file, JSON.stringify(await inventory(lab, host, keys)));
  const playbook = join(await ansibleVenv(), 'bin/ansible-playbook');
  const argv = [...enterNamespace(labNamespace(lab)), playbook, '-i', file, PLAYBOOK];
  const env = { LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1', ANSIBLE_HOST_KEY_CHECKING: 'True' };
  const { exitCode, stdout, stderr } = await execute(argv, { env });
  if (exitCode !== 0) throw new LabError(`Preparing a host failed (${PLAYBOOK}):\n${stdout}\n${stderr}`);
}

async function prepareHost(record: LabRecord, keys: LabKeys, target: string): Promise<void> {
  const [host] = record.hosts;
  if (host === undefined) throw new LabError('There is no host to prepare');
  await runPlaybook(record.name, host, keys);
  await powerOff(record.name, host.name);
  // Whiteouts and overlay attributes have to come along: -a keeps both.
  await must(['cp', '-a', upperDirectory(record.name, host.name), target]);
  await Promise.all(PERSONAL.map((path) => rm(join(target, path), { recursive: true, force: true })));
}

async function buildLayer(key: string, base: string, target: string): Promise<void> {
  say('preparing the lab hosts with ansible/playbooks/prepare.yml, once for this version of it, about 15 s');
  const keys = await labKeys();
  const name = `prepare-${key}`;
  // One that was killed at this very work may have left its host behind.
  await lower(name);
  try {
    const hosts = (slot: number): LabHost[] => planHosts(slot, 1).filter(({ role }) => role === 'web');
    const record = await raise({ name, hosts, layers: [base], disk: 'tmpfs', rootKey: keys.root });
    await prepareHost(record, keys, target);
  } finally {
    await lower(name);
  }
}

const LAYER = 'lab-prepared';

function upperOf(layer: string): string {
  return join(layer, 'upper');
}

/**
 * The read-only layers of a prepared host, the uppermost first: what the preparing playbook made of a fresh host, what a lab asks
 * for beside that, and Debian. Built when the playbook, the permitted applications or the image have changed.
 */
export async function preparedLayers(additions: readonly Addition[]): Promise<string[]> {
  const base = await baseImage();
  const key = await layerKey();
  // Neither is made on top of the other: each only has what it adds to the base.
  const [prepared, ...added] = await Promise.all([
    cached(LAYER, key, (scratch) => buildLayer(key, base, upperOf(scratch))),
    ...additions.map((addition) => additionLayer(base, addition)),
  ]);
  return [upperOf(prepared), ...added, base];
}

/** Whether hosts with these layers are as the playbook of now would prepare them. */
export async function areCurrent(layers: readonly string[]): Promise<boolean> {
  return layers[0] === upperOf(join(cacheDirectory(), `${LAYER}-${await layerKey()}`));
}
