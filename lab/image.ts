import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePackages } from '../setup/apt.js';
import { cached } from '../setup/cache.js';
import { say } from '../setup/say.js';
import { must } from './execute.js';

const SUITE = 'bookworm';

/** Debian packages this machine needs to build images and to run hosts. */
export const MACHINE_PACKAGES = [
  'systemd-container',
  'mmdebstrap',
  'debian-archive-keyring',
  'iproute2',
  'openssh-client',
  'util-linux',
] as const;

const IMAGE_PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'openssh-server', 'sudo', 'python3'],
  ...['iproute2', 'procps', 'curl', 'ca-certificates', 'nginx-light', 'openjdk-17-jre-headless'],
  ...['postgresql', 'redis-server', 'python3-psycopg2', 'python3-redis'],
];

// Not wanted in a guest: they would touch the machine's devices or network, or wake up on their own.
// logind stays: without it `systemctl reboot` fails.
const MASKED_UNITS = [
  ...[
    'systemd-networkd.service',
    'systemd-udevd.service',
    'systemd-resolved.service',
    'console-getty.service',
  ],
  ...[
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'e2scrub_all.timer',
    'fstrim.timer',
    'dpkg-db-backup.timer',
  ],
];

// Services that a host's role switches on; see disk.ts.
const ROLE_UNITS = ['nginx.service', 'postgresql.service', 'redis-server.service'];

const POSTGRES = '/etc/postgresql/15/main';

const FILES: Readonly<Record<string, string>> = {
  '/etc/machine-id': '',
  // Else the deploying user is refused for the first moments of a boot although sshd answers.
  '/etc/tmpfiles.d/systemd-nologin.conf': '',
  [`${POSTGRES}/conf.d/lab.conf`]: "listen_addresses = '*'\npassword_encryption = 'scram-sha-256'\n",
  [`${POSTGRES}/pg_hba.conf`]: [
    'local all postgres peer',
    'local all all peer',
    'host all all 127.0.0.1/32 scram-sha-256',
    'host all all samenet scram-sha-256',
    '',
  ].join('\n'),
  '/etc/redis/redis.conf': [
    'bind 0.0.0.0',
    'protected-mode no',
    'port 6379',
    'save ""',
    'appendonly no',
    'dir /var/lib/redis',
    'supervised systemd',
    'daemonize no',
    'logfile ""',
    '',
  ].join('\n'),
};

const REMOVED = [
  '/etc/resolv.conf',
  '/etc/hostname',
  '/etc/nginx/sites-enabled/default',
  '/var/cache/apt',
  '/var/lib/apt/lists',
];

const BOOTSTRAP_OPTIONS = [
  ...['--quiet', '--variant=minbase', '--mode=root', `--include=${IMAGE_PACKAGES.join(',')}`],
  ...['doc/*', 'man/*/*', 'locale/*'].map((path) => `--dpkgopt=path-exclude=/usr/share/${path}`),
  '--aptopt=APT::Install-Recommends "false"',
  // Java's alternatives have manual pages and fail without the directory.
  '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
];

const DEFINITION = { SUITE, BOOTSTRAP_OPTIONS, MASKED_UNITS, ROLE_UNITS, FILES, REMOVED };

/** A short name for a value's content: the first 16 digits of the SHA-256 of its JSON. */
export function contentKey(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Names the base image's definition. */
export const IMAGE_KEY = contentKey(DEFINITION);

/** The machine's own package source when it is the image's distribution; else mmdebstrap's default. */
async function packageSource(): Promise<string[]> {
  const release = await readFile('/etc/os-release', 'utf8');
  if (!release.includes(`VERSION_CODENAME=${SUITE}\n`) || !/^ID=debian$/m.test(release)) return [];
  const sources = '/etc/apt/sources.list.d/debian.sources';
  return existsSync(sources) ? [sources] : [];
}

async function removeHostKeys(root: string): Promise<void> {
  const directory = join(root, 'etc/ssh');
  const keys = (await readdir(directory)).filter((name) => name.startsWith('ssh_host_'));
  await Promise.all(keys.map((name) => rm(join(directory, name))));
}

async function customise(root: string): Promise<void> {
  await Promise.all(REMOVED.map((path) => rm(join(root, path), { recursive: true, force: true })));
  await removeHostKeys(root);
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
  await Promise.all(ROLE_UNITS.map((unit) => rm(join(wants, unit), { force: true })));
  for (const unit of MASKED_UNITS) {
    const link = join(root, 'etc/systemd/system', unit);
    await rm(link, { force: true });
    await symlink('/dev/null', link);
  }
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** The directory of the base image: Debian as it comes, before anybody prepared it. Built once (a minute or two). */
export async function baseImage(): Promise<string> {
  await ensurePackages(MACHINE_PACKAGES);
  const directory = await cached('lab-image', IMAGE_KEY, async (scratch) => {
    say(`building the lab's image: Debian ${SUITE} with ${IMAGE_PACKAGES.length} packages, once, about 90 s`);
    const root = join(scratch, 'root');
    await must(['mmdebstrap', ...BOOTSTRAP_OPTIONS, SUITE, root, ...(await packageSource())]);
    await customise(root);
  });
  return join(directory, 'root');
}
