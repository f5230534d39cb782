import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { CAMPUS } from './application.js';
import type { Facts } from './facts.js';
import { WRITTEN, type HostDoor, type Rest } from './types.js';

const LIMIT_MS = 30_000;
const NAMESPACES = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
// Python reads UTF-8 all the same; grep is several times as fast.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/root' };

// Compiled code lies in another folder than what the compiler does not copy.
function sources(directory: string): string {
  const wanted = join(directory, 'chaos', 'checker', 'host');
  if (existsSync(wanted)) return wanted;
  if (directory === dirname(directory)) throw new Error('The checker has to be run from a checkout');
  return sources(dirname(directory));
}

/** The program that hosts are asked with. */
export async function hostProgram(): Promise<string> {
  const directory = sources(dirname(fileURLToPath(import.meta.url)));
  const parts = ['processes.py', 'traces.py', 'main.py'].map((name) =>
    readFile(join(directory, name), 'utf8'),
  );
  return (await Promise.all(parts)).join('\n');
}

/** What a host is asked for. All files of all releases: which one it serves is not known before. */
function question(rest: Rest, door: HostDoor, forms: readonly string[]): object {
  const files = new Set(rest.releases.flatMap(({ frontend }) => Object.keys(frontend)));
  return {
    name: `${rest.application}-${rest.environment}`,
    database: `${rest.application}_${rest.environment}`,
    role: door.role,
    address: door.address,
    ports: [CAMPUS.backendPort, CAMPUS.sitePort],
    backendPort: CAMPUS.backendPort,
    backendPaths: door.role === 'web' ? [CAMPUS.versionPath] : [],
    sitePort: CAMPUS.sitePort,
    paths: door.role === 'web' ? [...[...files].map((file) => `/${file}`), CAMPUS.versionPath] : [],
    written: WRITTEN,
    forms,
    since: Math.floor((rest.since?.getTime() ?? 0) / 1000),
  };
}

/**
 * Reads a host from inside of all its namespaces. Program and secrets travel on standard input.
 * @throws Error when the host is off, or does not answer in time
 */
export async function askHost(
  program: string,
  rest: Rest,
  door: HostDoor,
  forms: readonly string[],
): Promise<Facts> {
  // JSON text in a JSON string is a string of Python too.
  const asked = JSON.stringify(JSON.stringify(question(rest, door, forms)));
  const input = `import json\nASKED = json.loads(${asked})\n${program}`;
  const argv = ['--target', String(await door.init()), ...NAMESPACES, 'python3', '-I', '-X', 'utf8', '-'];
  const { stdout } = await execa('nsenter', argv, {
    input,
    env: ENVIRONMENT,
    extendEnv: false,
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Facts;
}
