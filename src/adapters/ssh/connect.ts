import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { NodeSSH } from 'node-ssh';
import { SafeguardError } from '../../domain/errors.js';
import { SshConnection } from './connection.js';
import { hostKeyAlgorithms, judgeHostKey } from './host-key.js';
import { keysFor, parseKnownHosts, type KnownKeys } from './known-hosts.js';
import { describeTarget, type SshLimits, type SshTarget } from './target.js';

async function readOrRefuse(
  file: string,
  code: 'HOST_KEY_UNKNOWN' | 'LOGIN_REFUSED',
  what: string,
): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SafeguardError(code, `The ${what} ${file} cannot be read`, { cause });
  }
}

/** The keys on file for the address that is connected to; only when there are none, those for the host's name. */
async function readKnownKeys(target: SshTarget): Promise<KnownKeys> {
  const entries = parseKnownHosts(
    await readOrRefuse(target.knownHostsFile, 'HOST_KEY_UNKNOWN', 'known_hosts file'),
  );
  const byAddress = keysFor(entries, target.address, target.port);
  return byAddress.trusted.length > 0 ? byAddress : keysFor(entries, target.name, target.port);
}

function classify(target: SshTarget, known: KnownKeys, cause: unknown): SafeguardError {
  const host = describeTarget(target);
  const message = cause instanceof Error ? cause.message : String(cause);
  const level = (cause as { readonly level?: unknown }).level;
  if (level === 'client-authentication' || message.includes('privateKey')) {
    const text = `${host} refused the login of ${target.user} with ${target.privateKeyFile}: ${message}`;
    return new SafeguardError('LOGIN_REFUSED', text, { cause });
  }
  if (message.includes('no matching host key format')) {
    const types = known.trusted.map((entry) => entry.type).join(', ');
    const text = `${host} has none of the keys on file in ${target.knownHostsFile} (${types})`;
    return new SafeguardError('HOST_KEY_MISMATCH', text, { cause });
  }
  return new SafeguardError('HOST_UNREACHABLE', `${host} cannot be reached: ${message}`, { cause });
}

/**
 * Connects, checks the host's key and logs in.
 * Throws HOST_UNREACHABLE, HOST_KEY_UNKNOWN, HOST_KEY_MISMATCH or LOGIN_REFUSED.
 */
export async function connect(target: SshTarget, limits: SshLimits): Promise<SshConnection> {
  const known = await readKnownKeys(target);
  const privateKey = await readOrRefuse(target.privateKeyFile, 'LOGIN_REFUSED', 'private key');
  // A socket of our own: ssh2 keeps its one to itself, and only the socket knows whether anything arrives.
  const socket = createConnection({ host: target.address, port: target.port, noDelay: true });
  const ssh = new NodeSSH();
  let objection: SafeguardError | undefined;
  const connecting = ssh.connect({
    sock: socket,
    username: target.user,
    privateKey,
    readyTimeout: limits.connectTimeoutMs,
    keepaliveInterval: limits.keepaliveIntervalMs,
    // ssh2 asks for signs of life; whether there are any is judged in `SshConnection`.
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    algorithms: { serverHostKey: hostKeyAlgorithms(known) },
    hostVerifier: (key: Buffer) => {
      objection = judgeHostKey(target, known, key);
      return objection === undefined;
    },
  });
  let failure: unknown;
  // node-ssh takes its own listener away once it is connected; without another one a TCP reset ends the process.
  ssh.connection?.on('error', (error) => (failure ??= error));
  try {
    await connecting;
    return new SshConnection(ssh, socket, target, limits);
  } catch (cause) {
    socket.destroy();
    throw objection ?? classify(target, known, failure ?? cause);
  }
}
