import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from './apt.js';
import { cached } from './cache.js';
import { checkoutRoot } from './checkout.js';
import { JAVA_PACKAGES } from './maven.js';
import { say } from './say.js';

/** Version of `io.temporal:temporal-test-server`, as in setup/temporal-test-server/pom.xml; then our own revision. */
const CACHE_KEY = '1.38.0-2';

const MAIN = 'LoopbackTestServer';

// Serial collection and the quick compiler: it lives for seconds.
const LAUNCHER = `#!/bin/sh
here=$(dirname "$0")
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/classes:$here/lib/*" ${MAIN} "$@"
`;

async function build(directory: string): Promise<void> {
  await ensurePackages(JAVA_PACKAGES);
  say("fetching Temporal's time-skipping test server with Maven (half a minute, once)");
  const source = join(checkoutRoot(), 'setup', 'temporal-test-server');
  const lib = join(directory, 'lib');
  const classes = join(directory, 'classes');
  const launcher = join(directory, 'temporal-test-server');
  await mkdir(classes);
  // Maven writes into the folder of its pom.xml; ours stays clean.
  await copyFile(join(source, 'pom.xml'), join(directory, 'pom.xml'));
  const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  await execa(
    'mvn',
    ['-q', '-B', '-ntp', copyDependencies, `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'],
    {
      cwd: directory,
      stdin: 'ignore',
      stdout: 2,
      stderr: 2,
    },
  );
  await execa('javac', ['-d', classes, '-cp', join(lib, '*'), join(source, `${MAIN}.java`)]);
  await writeFile(launcher, LAUNCHER);
  await chmod(launcher, 0o755);
}

/**
 * Path of an executable for `TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type:
 * 'existing-path', path } } })`: the time-skipping server, listening on 127.0.0.1 only. Built once, kept in the cache.
 */
export async function temporalTestServer(): Promise<string> {
  return join(await cached('temporal-test-server', CACHE_KEY, build), 'temporal-test-server');
}
