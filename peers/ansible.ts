import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ANSIBLE_CORE, ansibleVenv } from '../setup/ansible.js';
import { begin, type Controller } from './command.js';
import { webHosts } from './hosts.js';
import { copied, type Peer, type PeerPlace } from './peer.js';

async function writeInventory(file: string, { lab, releases }: PeerPlace): Promise<void> {
  const hosts = Object.fromEntries(
    webHosts(lab).map(({ name, address }) => [name, { ansible_host: address }]),
  );
  const vars = {
    ansible_user: 'root',
    ansible_ssh_private_key_file: lab.rootKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.knownHostsFile} -o StrictHostKeyChecking=yes`,
    ansible_python_interpreter: '/usr/bin/python3',
    releases,
  };
  await writeFile(file, JSON.stringify({ web: { hosts, vars } }));
}

/** A plain playbook: stop, switch the link, start. With pipelining and kept connections, as those have it who care for time. */
export async function ansiblePeer(place: PeerPlace): Promise<Peer> {
  const { directory } = place;
  const cwd = await copied('ansible', directory);
  const inventory = join(directory, 'inventory.json');
  await writeInventory(inventory, place);
  const program = join(await ansibleVenv(), 'bin', 'ansible-playbook');
  const play = (playbook: string, version: string): Promise<Controller> => {
    const argv = [program, '-i', inventory, '-e', JSON.stringify({ version }), playbook];
    const env = {
      LC_ALL: 'C.UTF-8',
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_HOME: join(directory, 'ansible-home'),
      ANSIBLE_PIPELINING: 'True',
      // Their masters outlive the play; soon they are gone too.
      ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=10s',
    };
    return Promise.resolve(begin(argv, { cwd, env, log: join(directory, 'ansible.log') }));
  };
  return {
    name: `ansible-playbook (core ${ANSIBLE_CORE})`,
    deploy: (version) => play('deploy.yml', version),
    rollback: (version) => play('rollback.yml', version),
  };
}
