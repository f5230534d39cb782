import type { Lab } from '../../lab/lab.js';
import { onEveryHost, webHosts } from '../../peers/hosts.js';
import { openShop, SHOP_PORTS } from '../../peers/shop.js';
import { untilServed, type Visited } from '../prober.js';
import { OLD } from './releases.js';

const UNPACK = `
mkdir -p /opt/shop-old/backend /opt/shop-old/site
tar -xzf - -C "/opt/shop-old/$1"`;

// On a fast machine the tools start it more often than systemd lets anybody, unless its count begins anew.
const RESET = `
systemctl stop shop
systemctl reset-failed shop
rm -rf /opt/shop
mkdir -p /opt/shop/releases
cp -a /opt/shop-old /opt/shop/releases/${OLD}
ln -s /opt/shop/releases/${OLD} /opt/shop/current
systemctl start shop`;

/** The shop on every host of the lab, for tools that have no place of their own. */
export class ShopHosts {
  private constructor(private readonly lab: Lab) {}

  /** `archives`: of the old release, by component. */
  static async open(lab: Lab, archives: Readonly<Record<'backend' | 'site', Buffer>>): Promise<ShopHosts> {
    await openShop(lab);
    for (const component of ['backend', 'site'] as const)
      await onEveryHost(lab, ['sh', '-c', UNPACK, 'sh', component], archives[component]);
    return new ShopHosts(lab);
  }

  get visited(): Visited[] {
    return webHosts(this.lab).map(({ address }) => ({
      site: `http://${address}:${SHOP_PORTS.site}/version.txt`,
      backend: `http://${address}:${SHOP_PORTS.backend}/health`,
    }));
  }

  /** Every host serves the old release, and nothing else is there. */
  async reset(): Promise<void> {
    await onEveryHost(this.lab, ['sh', '-c', RESET]);
    await untilServed(this.visited, ({ site, backend }) => site === OLD && backend === OLD);
  }
}
