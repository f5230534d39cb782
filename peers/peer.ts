import { join } from 'node:path';
import { must } from '../lab/execute.js';
import type { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import type { Controller } from './command.js';
import { webHosts } from './hosts.js';

/** A tool that teams deploy with today, as it is called for the shop. */
export interface Peer {
  /** With its version. */
  readonly name: string;
  deploy(version: string): Promise<Controller>;
  /** The tool's own way back from the last deployment to the one before, which was `version`. */
  rollback(version: string): Promise<Controller>;
}

/** What a peer is brought up with. */
export interface PeerPlace {
  readonly lab: Lab;
  /** Scratch; removed by whoever made it. */
  readonly directory: string;
  /** Where releases lie: `<releases>/<version>/`. */
  readonly releases: string;
}

/** A directory of this checkout's `peers/`, copied: some tools write beside their configuration. */
export async function copied(name: string, into: string): Promise<string> {
  const target = join(into, name);
  await must(['cp', '-a', '-T', join(checkoutRoot(), 'peers', name), target]);
  return target;
}

/** What the files of Capistrano and pyinfra read of their surroundings. */
export function surroundings({ lab, releases }: PeerPlace, version: string): Record<string, string> {
  return {
    LC_ALL: 'C.UTF-8',
    PEER_VERSION: version,
    PEER_RELEASES: releases,
    PEER_HOSTS: webHosts(lab)
      .map(({ address }) => address)
      .join(','),
    PEER_KEY: lab.rootKeyFile,
    PEER_KNOWN_HOSTS: lab.knownHostsFile,
  };
}
