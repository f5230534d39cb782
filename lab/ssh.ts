/** Whom to reach, as whom. `key` and `knownHosts` are files. */
export interface SshTarget {
  readonly key: string;
  readonly knownHosts: string;
  readonly user: string;
  readonly address: string;
}

/**
 * The `ssh` command line for a host. The person's own configuration is left out; the host's key is always checked;
 * a dead connection is noticed within seconds, because lab hosts die on purpose.
 */
export function sshCommand({ key, knownHosts, user, address }: SshTarget): string[] {
  const options = {
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHosts,
    ConnectTimeout: '5',
    ServerAliveInterval: '2',
    ServerAliveCountMax: '2',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['ssh', '-F', '/dev/null', '-i', key, ...flags, `${user}@${address}`];
}
