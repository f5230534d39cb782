import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../domain/canonical-json.js';
import type { SshTarget } from '../ssh/target.js';

/** The folder with playbooks, plugins and the host's program, whether the code runs from `dist/` or from the sources. */
export const ANSIBLE = found(dirname(fileURLToPath(import.meta.url)));

function found(directory: string): string {
  const here = join(directory, 'ansible', 'ansible.cfg');
  return existsSync(here) || dirname(directory) === directory ? dirname(here) : found(dirname(directory));
}

/** By component, then by name. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One play. */
export interface Play {
  /** Names of hosts. */
  readonly hosts: readonly string[];
  /** The team's inventory that the hosts are in; `null`: they are known from `safeguard.yaml` alone. */
  readonly inventory: string | null;
  /** Absolute path. */
  readonly playbook: string;
  /** Among them how hosts are reached. */
  readonly vars: Readonly<Record<string, Json>>;
  /** `check`: nothing is changed, and what would be is said. */
  readonly mode: 'carry-out' | 'check';
}

/** The arguments of `ansible-playbook`; the variables are in a file. */
export function playArguments({ hosts, inventory, playbook, mode }: Play, varsFile: string): string[] {
  return [
    ...['--inventory', inventory ?? `${hosts.join(',')},`],
    ...['--limit', hosts.join(',')],
    ...['--extra-vars', `@${varsFile}`],
    ...(mode === 'check' ? ['--check', '--diff'] : []),
    playbook,
  ];
}

/** One argument of a command line that Ansible splits as a shell would. */
function quoted(argument: string): string {
  return `'${argument.replaceAll("'", `'"'"'`)}'`;
}

/**
 * Key exchanges, the same that safeguard's own connections offer. The one that OpenSSH would take first (`sntrup761x25519`) costs the
 * runner ten times the processor time of all the rest of a connection.
 */
const KEY_EXCHANGES = [
  ...['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  ...['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
  ...['diffie-hellman-group-exchange-sha256', 'diffie-hellman-group14-sha256'],
  ...['diffie-hellman-group16-sha512', 'diffie-hellman-group18-sha512'],
];

/** Ciphers, all that OpenSSH offers: those that processors have instructions for come first. Archives are large. */
const CIPHERS = [
  ...['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  'chacha20-poly1305@openssh.com',
];

/**
 * Of several values that ssh is given for an option the first one counts, and these are the first: whatever an inventory says, host
 * keys are checked, and a dead connection is noticed within seconds (without these, a cut network held a play for a quarter of an
 * hour). No master stays behind that would outlive the play.
 */
function sshOptions({ knownHostsFile }: SshTarget): string {
  const options = [
    ...['ControlMaster=no', 'ControlPath=none', 'BatchMode=yes', 'ConnectTimeout=5'],
    ...['ServerAliveInterval=2', 'ServerAliveCountMax=2', 'StrictHostKeyChecking=yes'],
    `KexAlgorithms=${KEY_EXCHANGES.join(',')}`,
    `Ciphers=${CIPHERS.join(',')}`,
    `UserKnownHostsFile="${knownHostsFile}"`,
  ];
  return options.flatMap((option) => ['-o', quoted(option)]).join(' ');
}

/** What Ansible has to know to reach the host; variables given like this come before all others. */
export function connectionVars(target: SshTarget): Record<string, Json> {
  return {
    ansible_host: target.address,
    ansible_port: target.port,
    ansible_user: target.user,
    ansible_ssh_private_key_file: target.privateKeyFile,
    ansible_ssh_args: sshOptions(target),
    ansible_python_interpreter: '/usr/bin/python3',
    // A team's modules pass through here; in the user's home a folder of Ansible's would stay.
    ansible_remote_tmp: '/tmp',
  };
}

/** Variables of the worker's environment that a team's own playbooks may need. */
const KEPT = [
  ...['PATH', 'HOME', 'TMPDIR'],
  ...['ANSIBLE_COLLECTIONS_PATH', 'ANSIBLE_ROLES_PATH', 'ANSIBLE_VAULT_PASSWORD_FILE'],
];

/** The whole environment of Ansible's programs. `scratch` is a directory for what they keep while they run. */
export function ansibleEnvironment(
  own: NodeJS.ProcessEnv,
  bin: string,
  scratch: string,
): Record<string, string> {
  const kept = KEPT.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  const path = [bin, own['PATH'] ?? ''].filter((part) => part !== '').join(delimiter);
  return {
    ...Object.fromEntries(kept),
    PATH: path,
    LC_ALL: 'C.UTF-8',
    ANSIBLE_CONFIG: join(ANSIBLE, 'ansible.cfg'),
    ANSIBLE_ACTION_PLUGINS: join(ANSIBLE, 'action_plugins'),
    ANSIBLE_CALLBACK_PLUGINS: join(ANSIBLE, 'callback_plugins'),
    ANSIBLE_LIBRARY: join(ANSIBLE, 'library'),
    ANSIBLE_STDOUT_CALLBACK: 'safeguard_events',
    ANSIBLE_HOME: scratch,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_DEPRECATION_WARNINGS: '0',
  };
}
