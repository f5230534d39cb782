import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build as bundle, type Plugin } from 'esbuild';
import { execa } from 'execa';
import { checkoutRoot } from './checkout.js';
import { calledIn, protobufOfClient } from './client-protobuf.js';

const COMPILED = join(checkoutRoot(), 'dist', 'src');
const OUT = join(checkoutRoot(), 'dist', 'client');

/** Commands that load the worker or the SDK's server tools; bin/safeguard.js runs them from the files as they are compiled. */
const AS_COMPILED = /\/commands\/(worker|dev|doctor)\.js$/;

const leaveOut: Plugin = {
  name: 'as-compiled',
  setup(build) {
    build.onLoad({ filter: AS_COMPILED }, () => ({
      contents:
        "throw new Error('This command runs from the files as they are compiled: bin/safeguard.js.');",
    }));
  },
};

/** Zod's words for what is wrong, in all languages but English: more than the rest of it. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/** Methods of Temporal's workflow service that our own code calls. */
async function ownCalls(): Promise<string[]> {
  const files = (await readdir(COMPILED, { recursive: true })).filter((file) => file.endsWith('.js'));
  const sources = await Promise.all(files.map((file) => readFile(join(COMPILED, file), 'utf8')));
  return sources.flatMap(calledIn);
}

// Part of the build: the command line's own code and what it uses of its libraries, in one file. Node.js would look for and read some
// six hundred, which is a third of a command's time.
await rm(OUT, { recursive: true, force: true });
await bundle({
  absWorkingDir: checkoutRoot(),
  entryPoints: ['dist/src/client/main.js'],
  outfile: join(OUT, 'main.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // What a command imports when it runs is in the file, and carried out then.
  supported: { 'dynamic-import': false },
  // Names stay: a stack trace is to be read.
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [leaveOut, oneLanguage, protobufOfClient(await ownCalls())],
  // Used where it is installed; it is not.
  external: ['pg-native'],
  logLevel: 'warning',
});
await execa(process.execPath, [join(checkoutRoot(), 'dist', 'setup', 'client-compiled.js'), OUT]);
