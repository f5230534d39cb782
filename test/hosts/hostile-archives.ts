import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeSums } from '../../examples/campus/archive.js';
import { checkoutRoot } from '../../setup/checkout.js';
import type { CampusLab } from './campus-lab.js';

/** Makes the archive that its first argument says, from what safeguard-host's own tests have. */
const MAKE = `import gzip, os, sys, tarfile
sys.path.insert(0, sys.argv[1])
from given import archive, special
from test_hostile_archives import hostile
more = {
  'a path upwards': lambda: archive(('../outside', b'x')),
  'an absolute path': lambda: archive(('/etc/cron.d/outside', b'x')),
  'an absolute link': lambda: archive(special('l', tarfile.SYMTYPE, '/etc/shadow')),
  'a link upwards': lambda: archive(special('l', tarfile.SYMTYPE, '../../..')),
  'a path through a link': lambda: archive(special('l', tarfile.SYMTYPE, '.'), ('l/x', b'x')),
  'a hard link to outside': lambda: archive(special('h', tarfile.LNKTYPE, '/etc/passwd')),
  'a device': lambda: archive(special('d', tarfile.BLKTYPE)),
  'a named pipe': lambda: archive(special('d', tarfile.FIFOTYPE)),
  'a truncated archive': lambda: archive(('a', os.urandom(100_000)))[:50_000],
  'no archive': lambda: b'<html>404</html>',
}
what = sys.argv[2]
sys.stdout.buffer.write(more[what]() if what in more else hostile()[what][0]())`;

/** Puts an archive that does harm into a release that was built, with checksums that are right. */
export async function plantArchive(campus: CampusLab, version: string, what: string): Promise<void> {
  const release = join(campus.directory, 'releases', version);
  const tests = join(checkoutRoot(), 'ansible', 'tests');
  const { stdout } = await promisify(execFile)('python3', ['-B', '-c', MAKE, tests, what], {
    encoding: 'buffer',
    maxBuffer: 256 * 1024 * 1024,
  });
  await writeFile(join(release, 'backend.tar.gz'), stdout);
  await writeSums(release);
}
