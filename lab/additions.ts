import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached } from '../setup/cache.js';
import { say } from '../setup/say.js';
import { must } from './execute.js';
import { IMAGE_KEY, contentKey } from './image.js';
import { REPOSITORY } from './layout.js';

/** What the hosts of a lab have where it asks for it; the others are built and come up without. */
export const ADDITIONS = ['containers'] as const;
export type Addition = (typeof ADDITIONS)[number];

interface Definition {
  readonly packages: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** Units that would do something on their own. */
  readonly removed: readonly string[];
}

const DEFINITIONS: Readonly<Record<Addition, Definition>> = {
  containers: {
    // uidmap for containers without root; busybox is what images are made of where no registry is in reach.
    packages: ['podman', 'crun', 'uidmap', 'busybox-static'],
    files: {
      // A host is a container itself: it has no keyring and no cgroups to give, and one network.
      '/etc/containers/containers.conf':
        '[containers]\nkeyring = false\ncgroups = "disabled"\nnetns = "host"\n',
      // Its root is an overlay, on which no other one can be.
      '/etc/containers/storage.conf':
        '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n',
    },
    removed: ['default', 'sockets', 'timers'].map((target) => `/etc/systemd/system/${target}.target.wants`),
  },
};

const SCRIPT = join(REPOSITORY, 'lab/add-packages.sh');

async function build(base: string, target: string, { packages, files, removed }: Definition): Promise<void> {
  await must(['unshare', '--mount', 'bash', SCRIPT, base, target, ...packages]);
  await Promise.all(removed.map((path) => rm(join(target, path), { recursive: true, force: true })));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text);
  }
}

/** The read-only layer that an addition puts on top of the base image. Built once (half a minute), by who asks for it first. */
export async function additionLayer(base: string, addition: Addition): Promise<string> {
  const definition = DEFINITIONS[addition];
  const key = contentKey([IMAGE_KEY, definition, await readFile(SCRIPT, 'utf8')]);
  const directory = await cached(`lab-${addition}`, key, async (scratch) => {
    say(`adding ${addition} to the lab's image: ${definition.packages.join(', ')}, once, about 30 s`);
    await build(base, join(scratch, 'upper'), definition);
  });
  return join(directory, 'upper');
}
