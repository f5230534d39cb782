import { join } from 'node:path';
import { PYINFRA, pyinfraVenv } from '../setup/pyinfra.js';
import { begin, type Controller } from './command.js';
import { copied, surroundings, type Peer, type PeerPlace } from './peer.js';

/** pyinfra with operations of its own for what it has operations for. It knows no way back: that is a file beside the deployment. */
export async function pyinfraPeer(place: PeerPlace): Promise<Peer> {
  const { directory } = place;
  const cwd = await copied('pyinfra', directory);
  const program = join(await pyinfraVenv(), 'bin', 'pyinfra');
  const operate = (file: string, version: string): Promise<Controller> => {
    const env = surroundings(place, version);
    const argv = [program, '-y', 'inventory.py', file];
    return Promise.resolve(begin(argv, { cwd, env, log: join(directory, 'pyinfra.log') }));
  };
  return {
    name: `pyinfra ${PYINFRA}`,
    deploy: (version) => operate('deploy.py', version),
    rollback: (version) => operate('rollback.py', version),
  };
}
