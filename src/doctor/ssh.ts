import { readFile, stat } from 'node:fs/promises';
import { keysFor, parseKnownHosts } from '../adapters/ssh/known-hosts.js';
import { objectionToKey } from '../adapters/ssh/private-key.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { HostRef } from '../domain/plan.js';
import { missing, ok, warning, type Finding } from '../domain/finding.js';

/** Rights of anybody but the owner. */
const OF_OTHERS = 0o077;

/** Why a file can't be read, after its name. */
export function unreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'is not there';
  return code === 'EACCES' ? 'may not be read by this user' : `can't be read (${String(code)})`;
}

async function keyFinding(file: string): Promise<Finding> {
  const check = 'ssh-key';
  try {
    const objection = objectionToKey(await readFile(file, 'utf8'));
    if (objection !== null)
      return missing(check, `${file}: ${objection}`, 'Name a private key without passphrase in ssh.key.');
    const { mode } = await stat(file);
    if ((mode & OF_OTHERS) !== 0)
      return warning(
        check,
        `${file} may be used by others (mode ${(mode & 0o777).toString(8)})`,
        `chmod 600 ${file}`,
      );
    return ok(check, file);
  } catch (error) {
    return missing(
      check,
      `${file} ${unreadable(error)}`,
      'Make one (ssh-keygen -t ed25519), and prepare the hosts with its public half.',
    );
  }
}

function isKnown(text: string): (host: HostRef) => boolean {
  const entries = parseKnownHosts(text);
  return ({ name, address, port }) =>
    [address, name].some((known) => keysFor(entries, known, port).trusted.length > 0);
}

function scan({ address, port }: HostRef): string {
  return `ssh-keyscan${port === 22 ? '' : ` -p ${port}`} ${address}`;
}

async function knownHostsFinding(file: string, hosts: readonly HostRef[]): Promise<Finding> {
  const check = 'known-hosts';
  try {
    const known = isKnown(await readFile(file, 'utf8'));
    const unknown = hosts.filter((host) => !known(host));
    // Those of an inventory are known to a run only.
    if (hosts.length === 0) return ok(check, file);
    if (unknown.length === 0) return ok(check, `${file} has ${hosts.map(({ name }) => name).join(', ')}`);
    return missing(
      check,
      `${file} has no key of ${unknown.map(({ name, address }) => `${name} (${address})`).join(', ')}`,
      `Add them, and compare each with what the host's console shows: ${unknown.map(scan).join('; ')}`,
    );
  } catch (error) {
    return missing(
      check,
      `${file} ${unreadable(error)}`,
      `Make it, and compare each key with what the host's console shows: ${hosts.map(scan).join('; ') || 'ssh-keyscan, for each host of the inventory'}`,
    );
  }
}

async function signersFinding(file: string): Promise<Finding> {
  return readFile(file, 'utf8').then(
    () => ok('allowed-signers', file),
    (error: unknown) =>
      missing(
        'allowed-signers',
        `${file} ${unreadable(error)}`,
        'List in it who may sign with which key; see docs/approvals.md.',
      ),
  );
}

/** The files that log in on hosts and judge signatures; no host is asked. */
export async function sshFindings(environments: readonly EnvironmentConfig[]): Promise<Finding[]> {
  const keys = new Set(environments.map(({ ssh }) => ssh.key));
  const known = new Map<string, HostRef[]>();
  for (const { ssh, hosts } of environments)
    known.set(ssh.knownHosts, [...(known.get(ssh.knownHosts) ?? []), ...hosts]);
  const signers = new Set(environments.flatMap(({ allowedSigners }) => allowedSigners ?? []));
  return Promise.all([
    ...[...keys].map(keyFinding),
    ...[...known].map(([file, hosts]) => knownHostsFinding(file, unique(hosts))),
    ...[...signers].map(signersFinding),
  ]);
}

function unique(hosts: readonly HostRef[]): HostRef[] {
  return [...new Map(hosts.map((host) => [`${host.address}:${host.port}`, host])).values()];
}
