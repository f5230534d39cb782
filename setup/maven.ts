import { createHash } from 'node:crypto';
import { copyFile, cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from './apt.js';
import { cached } from './cache.js';
import { checkoutRoot } from './checkout.js';
import { say } from './say.js';

/** Debian packages for building and running Java 17. */
export const JAVA_PACKAGES = ['maven', 'openjdk-17-jdk-headless'] as const;

/** SHA-256 over names and bytes of the given files, 16 hexadecimal digits: the key of what is built of them. */
async function sourceHash(directory: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(directory, file)));
  return hash.digest('hex').slice(0, 16);
}

async function sourceFiles(directory: string): Promise<string[]> {
  const entries = await readdir(join(directory, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return ['pom.xml', ...files.map((file) => file.slice(directory.length + 1)).sort()];
}

/**
 * Path of the example's Spring Boot jar. Built once for each state of the sources and kept in the cache; one jar
 * serves every version, because the version comes from `version.txt` beside it. Throws when Maven fails.
 */
export async function campusJar(): Promise<string> {
  const source = join(checkoutRoot(), 'examples', 'campus', 'backend');
  const files = await sourceFiles(source);
  const directory = await cached('campus', await sourceHash(source, files), async (scratch) => {
    await ensurePackages(JAVA_PACKAGES);
    say('building the example backend with Maven (about a minute the first time)');
    const work = join(scratch, 'build');
    for (const file of files) await cp(join(source, file), join(work, file));
    await execa('mvn', ['-q', '-B', '-ntp', '-DskipTests', 'package'], {
      cwd: work,
      stdout: 2,
      stderr: 2,
      stdin: 'ignore',
    });
    await copyFile(join(work, 'target', 'campus.jar'), join(scratch, 'campus.jar'));
    await rm(work, { recursive: true });
  });
  return join(directory, 'campus.jar');
}
