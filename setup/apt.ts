import { execa } from 'execa';
import { say } from './say.js';

async function missing(packages: readonly string[]): Promise<string[]> {
  const { stdout } = await execa(
    'dpkg-query',
    ['-W', '-f', '${Package} ${db:Status-Status}\n', ...packages],
    { reject: false },
  );
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/** Installs Debian packages that are not there yet, and says which. Needs root. */
export async function ensurePackages(packages: readonly string[]): Promise<void> {
  const wanted = await missing(packages);
  if (wanted.length === 0) return;
  say(`installing Debian packages: ${wanted.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await execa('apt-get', ['update', '-qq'], { env });
  await execa(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...wanted],
    { env },
  );
}
