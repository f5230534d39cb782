import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { ensurePackages } from '../../../setup/apt.js';
import type { SshTarget } from '../../../src/adapters/ssh/target.js';

/** A private sshd on loopback with an Ed25519, an ECDSA and an RSA host key; logins as root with a key of its own. */
export interface Sshd {
  /** Programs in its `bin` are found by whoever logs in. */
  readonly directory: string;
  readonly port: number;
  /** Its known_hosts file has all three keys. */
  readonly target: SshTarget;
  /** The public host keys, `type base64`, by type. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** Writes a known_hosts file and returns the target that uses it. */
  readonly trusting: (text: string) => Promise<SshTarget>;
  readonly stop: () => Promise<void>;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function makeKey(file: string, type: string): Promise<string> {
  await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file]);
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

/** Starts sshd; resolves once it listens. */
export async function startSshd(): Promise<Sshd> {
  await ensurePackages(['openssh-server', 'openssh-client']);
  await mkdir('/run/sshd', { recursive: true });
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-sshd-'));
  const port = await freePort();
  const types = ['ed25519', 'ecdsa', 'rsa'];
  const keys = await Promise.all(types.map((type) => makeKey(join(directory, type), type)));
  const hostKeys = Object.fromEntries(types.map((type, index) => [type, keys[index] ?? '']));
  await writeFile(join(directory, 'authorized'), await makeKey(join(directory, 'id'), 'ed25519'));
  const config = [
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    ...types.map((type) => `HostKey ${join(directory, type)}`),
    `AuthorizedKeysFile ${join(directory, 'authorized')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    // What a test puts there comes before the machine's own programs.
    `SetEnv PATH=${join(directory, 'bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  ];
  await writeFile(join(directory, 'config'), config.join('\n'));
  const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(directory, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface(daemon.stderr)) if (line.includes('Server listening')) break;
  daemon.stderr.resume();
  let files = 0;
  const trusting = async (text: string): Promise<SshTarget> => {
    const knownHostsFile = join(directory, `known_hosts.${String((files += 1))}`);
    await writeFile(knownHostsFile, text);
    return {
      name: 'web-1',
      address: '127.0.0.1',
      port,
      user: 'root',
      privateKeyFile: join(directory, 'id'),
      knownHostsFile,
    };
  };
  const target = await trusting(keys.map((key) => `[127.0.0.1]:${String(port)},web-1* ${key}\n`).join(''));
  const stop = async (): Promise<void> => {
    daemon.kill();
    await once(daemon, 'exit');
    await rm(directory, { recursive: true });
  };
  return { directory, port, target, hostKeys, trusting, stop };
}
