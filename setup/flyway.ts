import { access, chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from './apt.js';
import { cached } from './cache.js';
import { JAVA_PACKAGES } from './maven.js';
import { say } from './say.js';

const VERSION = '11.7.2';
/** Raised whenever what is kept of Flyway or the launcher changes. */
const LAYOUT = 1;

/** Arguments for Maven that put Flyway's command line archive into the directory. */
export function downloadArguments(directory: string): string[] {
  const artifact = `org.flywaydb:flyway-commandline:${VERSION}:tar.gz`;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
  return ['-q', '-B', '-ntp', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`];
}

/** What PostgreSQL needs none of: other databases, cloud sign-in, and the native libraries of those. */
const UNNEEDED = [
  '*/drivers/[!p]*',
  '*/lib/aad',
  '*/lib/netty',
  ...['jna', 'oauth2', 'nimbus', 'msal4j', 'json-smart', 'accessors', 'lang-tag', 'content-type', 'jcip'].map(
    (name) => `*/lib/${name}*`,
  ),
  '*/lib/flyway/flyway-database-[!p]*',
  ...['mysql', 'sqlserver', 'firebird', 'singlestore', 'gcp'].map((name) => `*/lib/flyway/flyway-${name}*`),
];

/** Arguments for tar that unpack what is needed of Flyway's archive: 8 of 213 MB. */
export function unpackArguments(archive: string, directory: string): string[] {
  const exclude = UNNEEDED.map((pattern) => `--exclude=${pattern}`);
  return [
    '-xzf',
    archive,
    '--no-same-owner',
    '--strip-components=1',
    '--wildcards',
    ...exclude,
    '-C',
    directory,
  ];
}

/**
 * A launcher in place of Flyway's own script, which has wildcards in its class path (class data sharing needs a fixed
 * one) and does not replace itself by Java (a signal would reach only the shell). It neither asks for updates nor
 * sends usage data. `jars` are paths relative to the launcher. Extra JVM flags: JAVA_ARGS.
 */
export function launcher(jars: readonly string[]): string {
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export REDGATE_DISABLE_TELEMETRY=true
set -- -cp "${jars.map((jar) => `$here/${jar}`).join(':')}" org.flywaydb.commandline.Main -skipCheckForUpdate "$@"
if [ -r "$here/flyway.jsa" ]; then set -- "-XX:SharedArchiveFile=$here/flyway.jsa" "$@"; fi
# The JVM's own warnings would go to standard output, into the JSON.
exec "\${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xlog:disable -Xlog:all=error:stderr $JAVA_ARGS "$@"
`;
}

async function jarsBelow(directory: string): Promise<string[]> {
  const folders = ['lib', 'lib/flyway', 'drivers'];
  const lists = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(directory, folder))).map((name) => `${folder}/${name}`),
    ),
  );
  return lists.flat().filter((path) => path.endsWith('.jar'));
}

async function install(directory: string): Promise<void> {
  await ensurePackages(JAVA_PACKAGES);
  say(`fetching Flyway ${VERSION} (200 MB, of which 8 MB are kept)`);
  const download = join(directory, 'download');
  await mkdir(download);
  await execa('mvn', downloadArguments(download), { stdout: 2, stderr: 2, stdin: 'ignore' });
  await execa('tar', unpackArguments(join(download, `flyway-commandline-${VERSION}.tar.gz`), directory));
  await rm(download, { recursive: true });
  const script = join(directory, 'flyway');
  await writeFile(script, launcher((await jarsBelow(directory)).sort()));
  await chmod(script, 0o755);
}

/**
 * Keeps the loaded classes of a trial run for the next starts (0.6 s instead of 1.0 s). The trial asks a port where
 * nothing listens: that loads nearly everything, and needs no database. Made after Flyway has its final place,
 * because the archive is valid for one class path only; a JVM that finds it unfit starts without it.
 */
async function keepClasses(directory: string): Promise<void> {
  const target = join(directory, 'flyway.jsa');
  const scratch = join(directory, `.${String(process.pid)}.jsa`);
  const env = {
    JAVA_ARGS: `-XX:ArchiveClassesAtExit=${scratch}`,
    FLYWAY_URL: 'jdbc:postgresql://127.0.0.1:1/none',
    FLYWAY_USER: 'none',
    FLYWAY_PASSWORD: 'none',
  };
  // It fails to connect, as it must; what counts is the file.
  await execa(join(directory, 'flyway'), ['info', '-outputType=json', '-connectRetries=0'], {
    env,
    reject: false,
    cwd: directory,
  });
  await rename(scratch, target).catch((error: unknown) => {
    say(`Flyway will start a little slower: its classes could not be kept (${String(error)})`);
  });
}

/**
 * Path of an executable Flyway command line for PostgreSQL, in the cache. Fetched on the first call (Maven, and
 * Java 17 from Debian). Throws when the download fails.
 */
export async function flyway(): Promise<string> {
  const directory = await cached('flyway', `${VERSION}-${String(LAYOUT)}`, install);
  const kept = await access(join(directory, 'flyway.jsa')).then(
    () => true,
    () => false,
  );
  if (!kept) await keepClasses(directory);
  return join(directory, 'flyway');
}
