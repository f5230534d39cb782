import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { onEveryHost } from './hosts.js';

const UNIT = '/etc/systemd/system/shop.service';
const SITE = '/etc/nginx/conf.d/shop.conf';

/** Where the shop answers on a host. */
export const SHOP_PORTS = { backend: 8099, site: 8098 };

async function source(name: string): Promise<string> {
  return readFile(join(checkoutRoot(), 'peers', 'shop', name), 'utf8');
}

/** Prepares every web host for the shop, as an administrator would once. No release is there yet. */
export async function openShop(lab: Lab): Promise<void> {
  await onEveryHost(lab, ['mkdir', '-p', '/opt/shop/releases']);
  await onEveryHost(lab, ['tee', UNIT], await source('shop.service'));
  await onEveryHost(lab, ['tee', SITE], await source('shop.conf'));
  await onEveryHost(lab, ['systemctl', 'daemon-reload']);
  await onEveryHost(lab, ['systemctl', 'reload-or-restart', 'nginx']);
}

/** Leaves nothing of the shop on any host. */
export async function closeShop(lab: Lab): Promise<void> {
  await onEveryHost(lab, ['systemctl', 'disable', '--now', '--quiet', 'shop']);
  await onEveryHost(lab, ['rm', '-rf', UNIT, SITE, '/opt/shop']);
  await onEveryHost(lab, ['systemctl', 'daemon-reload']);
  await onEveryHost(lab, ['systemctl', 'reload', 'nginx']);
}
