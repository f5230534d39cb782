import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { parseConfig } from '../../src/config/load.js';
import { examine } from '../../src/doctor/doctor.js';
import { ansibleFileFindings } from '../../src/doctor/files.js';
import { nodeFinding, programFindings } from '../../src/doctor/machine.js';
import { placeFindings } from '../../src/doctor/places.js';
import { sshFindings } from '../../src/doctor/ssh.js';
import type { Finding } from '../../src/domain/finding.js';
import { SHOP } from '../client/shop.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The shop, with secrets and migrations, in a folder of its own. */
function config() {
  const text = SHOP.replace("'/releases/{version}' }", "'releases/{version}' }\nrecords: records")
    .replace(
      '    exec:',
      '    secrets: { TOKEN: { file: token }, OTHER: { env: SAFEGUARD_TEST_UNSET } }\n    exec:',
    )
    .replace(
      'environments:',
      'migrations: { provider: flyway, url: "jdbc:postgresql://db/shop", user: shop, password: { file: token } }\nenvironments:',
    );
  return parseConfig(join(folder, 'safeguard.yaml'), text);
}

const environments = () => [...config().environments.values()];
const states = (findings: readonly Finding[]) => findings.map(({ check, state }) => `${check} ${state}`);
const of = (findings: readonly Finding[], check: string) => findings.filter((one) => one.check === check);

test.each([
  ['18.20.0', 'missing'],
  ['20.18.9', 'missing'],
  ['20.19.0', 'ok'],
  ['22.0.0', 'ok'],
])('Node %s is %s', (version, state) => expect(nodeFinding(version)).toMatchObject({ state }));

describe('an empty folder', () => {
  test('lacks keys, hosts, signers, releases and secrets, and each says what to do', async () => {
    const found = [...(await sshFindings(environments())), ...(await placeFindings(config()))];
    expect(states(found)).toEqual([
      'ssh-key missing',
      'known-hosts missing',
      'allowed-signers missing',
      'releases missing',
      expect.stringMatching(/^records (ok|warning)$/),
      expect.stringMatching(/^audit (ok|warning)$/),
      'secrets missing',
      'secrets warning',
      'secrets missing',
    ]);
    for (const { state, advice } of found) expect(advice === null).toBe(state === 'ok');
    expect(of(found, 'known-hosts')[0]?.advice).toContain('ssh-keyscan 127.0.0.2');
    // Looking makes nothing.
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a prepared folder', () => {
  beforeAll(async () => {
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
    const key = (await execa('ssh-keygen', ['-y', '-f', join(folder, 'key')])).stdout;
    await writeFile(join(folder, 'known_hosts'), `127.0.0.1 ${key}\nweb2 ${key}\n`);
    await writeFile(join(folder, 'allowed_signers'), `ada ${key}\n`);
    await writeFile(join(folder, 'token'), 'a very secret value');
    await mkdir(join(folder, 'releases'));
  });

  test('has everything, and no secret is shown', async () => {
    const found = [...(await sshFindings(environments())), ...(await placeFindings(config()))];
    expect(found.filter(({ state }) => state === 'missing')).toEqual([]);
    expect(JSON.stringify(found)).not.toContain('very secret');
  });

  test('a host that known_hosts does not have is named', async () => {
    const text = (await execa('ssh-keygen', ['-y', '-f', join(folder, 'key')])).stdout;
    await writeFile(join(folder, 'known_hosts'), `127.0.0.1 ${text}\n`);
    expect(of(await sshFindings(environments()), 'known-hosts')).toMatchObject([
      { state: 'missing', found: expect.stringContaining('no key of web2 (127.0.0.2)') },
    ]);
  });

  test('a key that others may use is worth a look', async () => {
    await chmod(join(folder, 'key'), 0o644);
    expect(of(await sshFindings(environments()), 'ssh-key')).toMatchObject([
      { state: 'warning', advice: `chmod 600 ${join(folder, 'key')}` },
    ]);
  });

  test('a key with a passphrase, and what is no private key, are of no use', async () => {
    await chmod(join(folder, 'key'), 0o600);
    await execa('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', join(folder, 'key')]);
    expect(of(await sshFindings(environments()), 'ssh-key')).toMatchObject([
      { state: 'missing', found: expect.stringContaining('passphrase') },
    ]);
    const { publicKey } = generateKeyPairSync('ed25519');
    await writeFile(join(folder, 'key'), publicKey.export({ type: 'spki', format: 'pem' }));
    expect(of(await sshFindings(environments()), 'ssh-key')).toMatchObject([
      { state: 'missing', found: expect.stringContaining('no private key') },
    ]);
  });
});

test('programs are looked for only where they are needed', async () => {
  const before = process.env['SAFEGUARD_FLYWAY'];
  process.env['SAFEGUARD_FLYWAY'] = join(folder, 'no-flyway');
  const found = await programFindings(environments());
  expect(states(found)).toEqual(['flyway missing', 'ssh-keygen ok']);
  process.env['SAFEGUARD_FLYWAY'] = process.execPath;
  expect(states(await programFindings(environments()))).toEqual(['flyway ok', 'ssh-keygen ok']);
  if (before === undefined) delete process.env['SAFEGUARD_FLYWAY'];
  else process.env['SAFEGUARD_FLYWAY'] = before;
  expect(await programFindings([])).toEqual([]);
});

test('Ansible is looked for where a component or the inventory needs it', async () => {
  const before = process.env['SAFEGUARD_ANSIBLE'];
  process.env['SAFEGUARD_ANSIBLE'] = join(folder, 'no-ansible');
  const inventory = { file: '/etc/fleet.yml', group: 'web' };
  const found = await programFindings(environments().map((one) => ({ ...one, inventory })));
  expect(of(found, 'ansible')).toMatchObject([
    { state: 'missing', advice: expect.stringContaining('SAFEGUARD_ANSIBLE') },
  ]);
  if (before === undefined) delete process.env['SAFEGUARD_ANSIBLE'];
  else process.env['SAFEGUARD_ANSIBLE'] = before;
});

describe('files of Ansible', () => {
  const text = SHOP.replace(
    '    kind: systemd',
    '    kind: systemd\n    transport: ansible\n    playbook: play.yml\n    undo_playbook: undo.yml',
  ).replace('    hosts: { web1: 127.0.0.1 }', '    inventory: { file: hosts.ini }');
  const parsed = () => parseConfig(join(folder, 'safeguard.yaml'), text);
  const played = () => [...parsed().environments.values()];

  test('that are not there are named, each once, with what to do', async () => {
    const found = await ansibleFileFindings(played());
    expect(found).toEqual(
      [
        ['inventory', 'hosts.ini', 'inventory.file'],
        ['playbook', 'play.yml', 'playbook'],
        ['undo-playbook', 'undo.yml', 'undo_playbook'],
      ].map(([check, file, key]) => ({
        check,
        state: 'missing',
        found: `${join(folder, file ?? '')} is not there`,
        advice: `Put it there, readable for the worker's user, or correct ${key ?? ''}.`,
      })),
    );
  });

  test('are looked at by the doctor of a runner', async () => {
    const settings = { address: '127.0.0.1:1', namespace: 'default', configured: true, credentials: {} };
    const found = await examine({ settings, config: parsed(), isRunner: true });
    expect(states(found)).toEqual(expect.arrayContaining(['inventory missing', 'playbook missing']));
    // The server that is away is waited for, too.
  }, 60_000);

  test('that are there are in order, an inventory that is a folder included', async () => {
    await mkdir(join(folder, 'hosts.ini'));
    await writeFile(join(folder, 'play.yml'), '');
    await writeFile(join(folder, 'undo.yml'), '');
    expect(states(await ansibleFileFindings(played()))).toEqual([
      'inventory ok',
      'playbook ok',
      'undo-playbook ok',
    ]);
  });

  test('hosts that only an inventory has are not missed in known_hosts', async () => {
    const only = played().filter(({ inventory }) => inventory !== null);
    await writeFile(join(folder, 'known_hosts'), '');
    expect(of(await sshFindings(only), 'known-hosts')).toMatchObject([
      { state: 'ok', found: join(folder, 'known_hosts') },
    ]);
    await rm(join(folder, 'known_hosts'));
    expect(of(await sshFindings(only), 'known-hosts')[0]?.advice).toContain('each host of the inventory');
  });
});
