import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Controller } from '../../peers/command.js';
import type { Peer } from '../../peers/peer.js';
import type { Contender } from './contender.js';
import { newVersion, OLD } from './releases.js';
import type { ShopHosts } from './shop-hosts.js';

async function endsWell({ end }: Controller, log: string): Promise<void> {
  const how = await end;
  if (how !== 'exit status 0') throw new Error(`${how}:\n${(await readFile(log, 'utf8')).slice(-4000)}`);
}

/** A tool that teams deploy with today, on the shop. `log`: what it says. */
export function peerContender(peer: Peer, shop: ShopHosts, log: string): Contender {
  return {
    title: peer.name,
    visited: shop.visited,
    prepare: () => shop.reset(),
    deploy: async () => endsWell(await peer.deploy(newVersion(1)), log),
    rollback: async () => {
      const begun = performance.now();
      return { begun, to: OLD, end: endsWell(await peer.rollback(OLD), log) };
    },
  };
}

/** Where a peer's own files and its log are, below the directory of the measurement. */
export function logOf(directory: string, tool: string): string {
  return join(directory, `${tool}.log`);
}
