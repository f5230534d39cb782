import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ANSIBLE_CORE, ansibleVenv } from '../../setup/ansible.js';
import { begin } from './command.js';
import { webHosts, type Controller, type OpenPeer } from './peer.js';
import { closeShop, copied, openShop, SHOP } from './shop.js';

/** A plain playbook: stop, switch the link, start. */
export const openAnsible: OpenPeer = async ({ lab, directory }) => {
  const releases = await openShop(lab, directory);
  const cwd = await copied('ansible', directory);
  const inventory = join(directory, 'inventory.json');
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
  await writeFile(inventory, JSON.stringify({ web: { hosts, vars } }));
  const playbook = join(await ansibleVenv(), 'bin', 'ansible-playbook');
  const deploy = (version: string): Promise<Controller> => {
    const argv = [playbook, '-i', inventory, '-e', JSON.stringify({ version }), 'deploy.yml'];
    const env = {
      LC_ALL: 'C.UTF-8',
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_HOME: join(directory, 'ansible-home'),
      // Their masters outlive the play; soon they are gone too.
      ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=10s',
    };
    return Promise.resolve(begin(argv, { cwd, env, log: join(directory, 'ansible.log') }));
  };
  return {
    name: `ansible-playbook (core ${ANSIBLE_CORE})`,
    questions: SHOP,
    deploy,
    succeed: () => Promise.resolve(),
    again: async (version) => (await deploy(version)).end,
    close: () => closeShop(lab),
  };
};
