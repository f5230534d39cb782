import { createHmac, timingSafeEqual } from 'node:crypto';

/** One usable line of a known_hosts file. */
export interface KnownHostsEntry {
  /** The first field as written: patterns, or one hashed name. */
  readonly hosts: string;
  readonly revoked: boolean;
  /** `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string;
  /** The key in SSH's wire form. */
  readonly key: Buffer;
}

/** What a known_hosts file says about one host. */
export interface KnownKeys {
  readonly trusted: readonly KnownHostsEntry[];
  readonly revoked: readonly KnownHostsEntry[];
}

function parseLine(line: string): KnownHostsEntry[] {
  const fields = line.trim().split(/\s+/);
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
  const [hosts, type, key] = fields;
  // A certificate authority signs host certificates, which the SSH library cannot check: its line proves no plain key.
  if (marker !== undefined && marker !== '@revoked') return [];
  if (!hosts || hosts.startsWith('#') || !type || !key) return [];
  return [{ hosts, revoked: marker === '@revoked', type, key: Buffer.from(key, 'base64') }];
}

/** Reads the text of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"); lines that are none are skipped. */
export function parseKnownHosts(text: string): readonly KnownHostsEntry[] {
  return text.split('\n').flatMap(parseLine);
}

function hashedNameIs(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split('|');
  if (version !== '1' || !salt || !hash) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function patternMatches(pattern: string, name: string): boolean {
  const expression = pattern.toLowerCase().replaceAll(/[^*?]/g, (c) => c.replace(/[\\^$.+()|[\]{}]/, '\\$&'));
  return new RegExp(`^${expression.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

function hostsMatch(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return hashedNameIs(hosts, name);
  const patterns = hosts.split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && patternMatches(pattern.slice(1), name)))
    return false;
  return patterns.some((pattern) => patternMatches(pattern, name));
}

/** The name under which a host on this port stands in the file: `host`, or `[host]:port` when it is not 22. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${String(port)}`;
}

/** Picks what the entries say about a host. Without any line for it, `trusted` is empty. */
export function keysFor(entries: readonly KnownHostsEntry[], host: string, port: number): KnownKeys {
  const name = knownHostsName(host, port);
  const matching = entries.filter((entry) => hostsMatch(entry.hosts, name));
  return {
    trusted: matching.filter((entry) => !entry.revoked),
    revoked: matching.filter((entry) => entry.revoked),
  };
}
