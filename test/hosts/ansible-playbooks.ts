import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a host keeps what the playbooks below did beside the release; in the deploying user's home. */
export const NOTE = '/home/deploy/own-';

/** The version at which the playbook goes on for a while after the component was activated. */
export const HANGS = '2.9.0';

/** The same for some seconds. */
export const LINGERS = '2.8.0';

const ACTIVATE = `
- name: A team's own way
  hosts: all
  gather_facts: false
  tasks:
    - name: Note
      ansible.builtin.copy:
        dest: '${NOTE}{{ safeguard_component }}'
        content: '{{ safeguard_version }}'
        mode: '0600'
    - name: Activate
      safeguard_host:
        request: '{{ safeguard_request }}'
    - name: Hang
      ansible.builtin.command: { argv: [/usr/bin/sleep, "{{ '45' if safeguard_version == '${HANGS}' else '9' }}"] }
      when: safeguard_version in ['${HANGS}', '${LINGERS}']
      changed_when: false
`;

/** What goes before: one host has a task that fails, and another does not answer Ansible. */
const TROUBLE = `
- name: Trouble of one
  hosts: web-2
  gather_facts: false
  tasks:
    - name: Fail
      ansible.builtin.fail: { msg: the load balancer is away }
- name: Trouble of another
  hosts: web-3
  gather_facts: false
  vars: { ansible_ssh_common_args: -o ProxyCommand=/bin/false }
  tasks:
    - name: Ask
      ansible.builtin.ping:
`;

const UNDO = `
- name: Back
  hosts: all
  gather_facts: false
  tasks:
    - name: Forget
      ansible.builtin.file:
        path: '${NOTE}{{ safeguard_component }}'
        state: absent
`;

/** From now on the playbook that undoes can't be carried out on two of three hosts; and how that is mended. */
export async function breakUndo(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, 'undo.yml');
  await writeFile(file, `${TROUBLE}${UNDO}`);
  return () => writeFile(file, UNDO);
}

/** Writes a team's own playbooks into a directory: what components say of them. */
export async function ownPlaybooks(directory: string): Promise<Record<string, string>> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'activate.yml'), ACTIVATE);
  await writeFile(join(directory, 'undo.yml'), UNDO);
  return {
    transport: 'ansible',
    playbook: join(directory, 'activate.yml'),
    undo_playbook: join(directory, 'undo.yml'),
  };
}
