// The one entrance of every npm script: brings the checkout to where the command can run, then runs it.
// Plain JavaScript on Node built-ins only, because it must work before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Files that have code of libraries in them, and what makes them of what was compiled.
const BUNDLES = {
  'dist/src/workflows.bundle.js': 'dist/setup/workflow-bundle.js',
  'dist/client/main.cjs': 'dist/setup/client-bundle.js',
};
const commands = {
  bench: ['dist/bench/main.js'],
  build: [],
  chaos: ['dist/chaos/main.js'],
  demo: ['dist/demo/main.js'],
  lab: ['dist/lab/cli.js'],
  lint: ['dist/setup/lint.js'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '.'],
  safeguard: ['bin/safeguard.js'],
  test: ['dist/setup/test.js'],
};

function run(command, args, stdio) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function modified(file) {
  const path = join(root, file);
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Installs the locked dependencies when the lock file is newer than what is installed. */
function installDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules', '.safeguard-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('[setup] installing npm packages (npm ci)');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], ['ignore', 2, 2]);
  writeFileSync(stamp, lock);
  // The libraries' files may look older than they.
  for (const bundle of Object.keys(BUNDLES)) rmSync(join(root, bundle), { force: true });
}

/** Compiles what changed; the incremental build is a second or two when nothing did. */
function build() {
  if (modified('dist/.tsbuildinfo') === 0) console.error('[setup] compiling TypeScript');
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], ['ignore', 2, 2]);
  for (const [bundle, maker] of Object.entries(BUNDLES))
    if (modified(bundle) <= modified('dist/.tsbuildinfo')) run(process.execPath, [maker], ['ignore', 2, 2]);
}

const [name = '', ...rest] = process.argv.slice(2);
const target = commands[name];
if (!target) {
  console.error(`Unknown command: ${name}. Known: ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
installDependencies();
if (name !== 'format') build();
if (target.length > 0) {
  const { status, signal } = spawnSync(
    process.execPath,
    [join(root, target[0]), ...target.slice(1), ...rest],
    {
      stdio: 'inherit',
      cwd: name === 'safeguard' ? (process.env.INIT_CWD ?? process.cwd()) : root,
    },
  );
  process.exit(signal ? 1 : (status ?? 1));
}
