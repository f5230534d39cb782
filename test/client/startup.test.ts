import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { checkoutRoot } from '../../setup/checkout.js';

const CLIENT = join(import.meta.dirname, '..', '..', 'src', 'client');

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

test('the command line itself loads nothing heavy: each command loads what it needs when it runs', () => {
  expect([...loadedWith(join(CLIENT, 'main.ts'))].sort()).toEqual(['chalk', 'commander']);
});

/** Milliseconds until a Node process with these arguments has ended well. */
function took(...argv: string[]): number {
  const began = performance.now();
  expect(spawnSync(process.execPath, argv).status).toBe(0);
  return performance.now() - began;
}

test('safeguard --help is there at once: in 0.3 s, or in three times what Node alone takes on a busy machine', () => {
  const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
  expect(existsSync(cli)).toBe(true);
  const pairs = Array.from({ length: 7 }, () => [took('--eval', '0'), took(cli, '--help')] as const);
  const [alone, help] = [0, 1].map((index) => Math.min(...pairs.map((pair) => pair[index] ?? 0)));
  expect(help).toBeLessThan(Math.max(300, 3 * (alone ?? 0)));
});
