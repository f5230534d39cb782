import { join } from 'node:path';
import { must } from '../lab/execute.js';
import { begin, type Controller } from './command.js';
import { copied, surroundings, type Peer, type PeerPlace } from './peer.js';

/** Capistrano with its usual flow, and tasks that stop and start the service around the link's switch. */
export async function capistranoPeer(place: PeerPlace): Promise<Peer> {
  const { directory } = place;
  const cwd = await copied('capistrano', directory);
  const [, its = ''] = /(\d+(\.\d+)+)/.exec(await must(['cap', '--version'])) ?? [];
  const cap = (task: string, version: string): Promise<Controller> => {
    const env = surroundings(place, version);
    const argv = ['cap', 'production', task];
    return Promise.resolve(begin(argv, { cwd, env, log: join(directory, 'capistrano.log') }));
  };
  return {
    name: `Capistrano ${its}`,
    deploy: (version) => cap('deploy', version),
    rollback: (version) => cap('deploy:rollback', version),
  };
}
