import { createCipheriv } from 'node:crypto';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pack, writeSums } from '../examples/campus/archive.js';
import { checkoutRoot } from '../setup/checkout.js';

/** A release of the shop. */
export interface ShopRelease {
  /** Gets the directory `<into>/<version>/`. */
  readonly into: string;
  readonly version: string;
  /** What the backend says that it is; left out: the version. */
  readonly reports?: string;
  /** How much the backend carries along, as a jar does: bytes that do not compress. */
  readonly ballastBytes?: number;
  /** How many files the site has beside its page and its version. */
  readonly assets?: number;
}

/** The same bytes each time, that no compression makes fewer. */
function incompressible(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

async function writeBackend(
  directory: string,
  { version, reports = version, ballastBytes = 0 }: ShopRelease,
): Promise<void> {
  await copyFile(join(checkoutRoot(), 'peers', 'shop', 'app.py'), join(directory, 'app.py'));
  await writeFile(join(directory, 'version.txt'), `${reports}\n`);
  if (ballastBytes > 0) await writeFile(join(directory, 'ballast'), incompressible(ballastBytes));
}

async function writeSite(directory: string, { version, assets = 0 }: ShopRelease): Promise<void> {
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), `<!doctype html><title>Shop</title><p>${version}</p>\n`);
  await writeFile(join(directory, 'version.txt'), `${version}\n`);
  for (let number = 0; number < assets; number += 1)
    await writeFile(join(directory, 'assets', `${number}.js`), `// ${version}\n`.repeat(200));
}

/** Builds a release: backend.tar.gz, site.tar.gz, release.json and SHA256SUMS over them. */
export async function buildShop(release: ShopRelease): Promise<void> {
  const { into, version } = release;
  const target = join(into, version);
  for (const [name, write] of [
    ['backend', writeBackend],
    ['site', writeSite],
  ] as const) {
    const files = join(target, `.${name}`);
    await mkdir(files, { recursive: true });
    await write(files, release);
    await pack(files, join(target, `${name}.tar.gz`));
    await rm(files, { recursive: true });
  }
  await writeFile(join(target, 'release.json'), `${JSON.stringify({ version, commit: null })}\n`);
  await writeSums(target);
}
