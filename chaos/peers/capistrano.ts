import { join } from 'node:path';
import { must } from '../../lab/execute.js';
import { begin } from './command.js';
import { webHosts, type Controller, type OpenPeer } from './peer.js';
import { closeShop, copied, openShop, SHOP } from './shop.js';

/** Capistrano with its usual flow, and tasks that stop and start the service around the link's switch. */
export const openCapistrano: OpenPeer = async ({ lab, directory }) => {
  const releases = await openShop(lab, directory);
  const cwd = await copied('capistrano', directory);
  const [, version = ''] = /(\d+(\.\d+)+)/.exec(await must(['cap', '--version'])) ?? [];
  const deploy = (wanted: string): Promise<Controller> => {
    const env = {
      LC_ALL: 'C.UTF-8',
      PEER_VERSION: wanted,
      PEER_RELEASES: releases,
      PEER_HOSTS: webHosts(lab)
        .map(({ address }) => address)
        .join(','),
      PEER_KEY: lab.rootKeyFile,
      PEER_KNOWN_HOSTS: lab.knownHostsFile,
    };
    const argv = ['cap', 'production', 'deploy'];
    return Promise.resolve(begin(argv, { cwd, env, log: join(directory, 'capistrano.log') }));
  };
  return {
    name: `Capistrano ${version}`,
    questions: SHOP,
    deploy,
    succeed: () => Promise.resolve(),
    again: async (wanted) => (await deploy(wanted)).end,
    close: () => closeShop(lab),
  };
};
