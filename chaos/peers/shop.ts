import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer as Tool, PeerPlace } from '../../peers/peer.js';
import { buildShop } from '../../peers/release.js';
import { closeShop, openShop, SHOP_PORTS } from '../../peers/shop.js';
import { VERSIONS, type OpenPeer, type Questions } from './peer.js';

/** Where the shop says what it is: any release lies behind `current`, as is usual with these tools. */
const SHOP: Questions = {
  unit: 'shop.service',
  running: `curl -s -m 2 http://127.0.0.1:${SHOP_PORTS.backend}/`,
  onDisk: 'cat /opt/shop/current/backend/version.txt',
};

/** A tool that deploys the shop: whoever runs it has nothing against its loss but to run it again. */
export function ofShop(open: (place: PeerPlace) => Promise<Tool>): OpenPeer {
  return async ({ lab, directory }) => {
    const releases = join(directory, 'releases');
    await mkdir(releases);
    for (const version of VERSIONS) await buildShop({ into: releases, version });
    await openShop(lab);
    const peer = await open({ lab, directory, releases });
    return {
      name: peer.name,
      questions: SHOP,
      deploy: (version) => peer.deploy(version),
      succeed: () => Promise.resolve(),
      again: async (version) => (await peer.deploy(version)).end,
      close: () => closeShop(lab),
    };
  };
}
