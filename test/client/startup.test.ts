import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '..', '..');
const CLIENT = join(ROOT, 'src', 'client');

/** What a file imports before its first statement runs; types are gone by then. */
function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )(?:[^'";]+ from )?'([^']+)';/gm)].map(
    ([, from = '']) => from,
  );
}

/** The packages and built-ins that are loaded with a file, those of its own imports included. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const from of imports(file)) {
    if (!from.startsWith('.')) packages.add(from);
    else {
      const next = resolve(dirname(file), from.replace(/\.js$/, '.ts'));
      for (const name of loadedWith(next, seen)) packages.add(name);
    }
  }
  return packages;
}

const COMMANDS = join(CLIENT, 'commands');
/** They start a worker, or look for what one needs. */
const HEAVY: readonly string[] = ['worker.ts', 'dev.ts', 'doctor.ts'];

test.each(readdirSync(COMMANDS).filter((name) => !HEAVY.includes(name)))(
  '%s talks to the server without the SDK for workers, which takes longer to load than all the rest',
  (name) => {
    expect([...loadedWith(join(COMMANDS, name))]).not.toContain('@temporalio/worker');
  },
);

test.each(readdirSync(COMMANDS))('%s loads what draws a live table when there is a terminal', (name) => {
  expect([...loadedWith(join(COMMANDS, name))]).not.toContain('log-update');
});

test('the command line itself loads nothing heavy: each command loads what it needs when it runs', () => {
  expect([...loadedWith(join(CLIENT, 'main.ts'))].sort()).toEqual(['chalk', 'commander']);
});

test('what was compiled of it when it was built is taken, and not compiled again', async () => {
  const program = `import { loadBundle } from ${JSON.stringify(pathToFileURL(join(ROOT, 'bin', 'bundle.js')))};
    process.stdout.write(String(loadBundle(${JSON.stringify(join(ROOT, 'dist', 'client'))}).script.cachedDataRejected));`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('false');
});
