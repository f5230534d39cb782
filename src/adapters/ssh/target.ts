/** Where and as whom to log in. Two targets with equal fields share one connection. */
export interface SshTarget {
  /** The host's name in messages. */
  readonly name: string;
  /** Name or IP address to connect to. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key in OpenSSH or PEM form, without passphrase. */
  readonly privateKeyFile: string;
  /** File of the form of `~/.ssh/known_hosts`; the host's key must be in it. */
  readonly knownHostsFile: string;
}

/** Limits of a connection; times in milliseconds. */
export interface SshLimits {
  /** TCP, key exchange and login together. */
  readonly connectTimeoutMs: number;
  /** How often the other side is asked for a sign of life. */
  readonly keepaliveIntervalMs: number;
  /** Not one byte for this long: the connection is given up. */
  readonly silenceMs: number;
  /** An unused connection is closed after this long. */
  readonly idleMs: number;
  /** A program that stays for many calls is let go after this long without one. */
  readonly stayMs: number;
  /** Commands at once on one connection; sshd's own limit (MaxSessions) is 10, and a person may want in, too. */
  readonly maxSessions: number;
}

/** What holds unless told otherwise: a dead host is noticed within six seconds. */
export const DEFAULT_SSH_LIMITS: SshLimits = {
  connectTimeoutMs: 5_000,
  keepaliveIntervalMs: 2_000,
  silenceMs: 5_000,
  idleMs: 30_000,
  stayMs: 15_000,
  maxSessions: 8,
};

/** `web-1 (10.0.0.5:22)`, for messages. */
export function describeTarget(target: SshTarget): string {
  return `${target.name} (${target.address}:${String(target.port)})`;
}
