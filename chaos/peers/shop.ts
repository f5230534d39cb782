import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../lab/execute.js';
import type { Lab } from '../../lab/lab.js';
import { checkoutRoot } from '../../setup/checkout.js';
import { VERSIONS, webHosts, type Questions } from './peer.js';

const SOURCE = join(checkoutRoot(), 'chaos', 'peers', 'shop');
const UNIT = '/etc/systemd/system/shop.service';

/** Where the shop says what it is: any release lies behind `current`, as is usual with both tools. */
export const SHOP: Questions = {
  unit: 'shop.service',
  running: 'curl -s -m 2 http://127.0.0.1:8099/',
  onDisk: 'cat /opt/shop/current/version.txt',
};

/** A release is a directory with the program and its version. */
async function build(releases: string): Promise<void> {
  for (const version of VERSIONS) {
    const release = join(releases, version);
    await mkdir(release, { recursive: true });
    await copyFile(join(SOURCE, 'app.py'), join(release, 'app.py'));
    await writeFile(join(release, 'version.txt'), `${version}\n`);
  }
}

async function onEveryHost(lab: Lab, argv: readonly string[], input = ''): Promise<void> {
  await Promise.all(
    webHosts(lab).map(async ({ name }) => {
      const { exitCode, stderr } = await lab.run(name, argv, { input });
      if (exitCode !== 0) throw new Error(`${name}: ${argv.join(' ')}: ${stderr}`);
    }),
  );
}

/**
 * Prepares every web host for the shop, as an administrator would once, and builds its releases below `directory`.
 * @returns where the releases lie
 */
export async function openShop(lab: Lab, directory: string): Promise<string> {
  const releases = join(directory, 'releases');
  await build(releases);
  await onEveryHost(lab, ['mkdir', '-p', '/opt/shop/releases']);
  await onEveryHost(lab, ['tee', UNIT], await readFile(join(SOURCE, 'shop.service'), 'utf8'));
  await onEveryHost(lab, ['systemctl', 'daemon-reload']);
  return releases;
}

/** Leaves nothing of the shop on any host. */
export async function closeShop(lab: Lab): Promise<void> {
  await onEveryHost(lab, ['systemctl', 'disable', '--now', '--quiet', 'shop']);
  await onEveryHost(lab, ['rm', '-rf', UNIT, '/opt/shop']);
  await onEveryHost(lab, ['systemctl', 'daemon-reload']);
}

/** A directory of this checkout, copied: some tools write beside their configuration. */
export async function copied(name: string, into: string): Promise<string> {
  const target = join(into, name);
  await must(['cp', '-a', '-T', join(checkoutRoot(), 'chaos', 'peers', name), target]);
  return target;
}
