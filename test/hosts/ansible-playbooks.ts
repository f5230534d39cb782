import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a host keeps what the playbooks below did beside the release; in the deploying user's home. */
export const NOTE = '/home/deploy/own-';

/** The version at which the playbook goes on for a while after the component was activated. */
export const HANGS = '2.9.0';

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
      ansible.builtin.command: { argv: [/usr/bin/sleep, '45'] }
      when: safeguard_version == '${HANGS}'
      changed_when: false
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
