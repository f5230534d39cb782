import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * Loads the command line as it was built into one file. What Node.js had compiled of it by then lies beside it, and is not compiled again;
 * another version of Node.js does not take that, and compiles what it needs.
 * @param {string} folder
 * @returns {{ runCli: (words: string[], version: string) => Promise<number>, script: Script }}
 */
export function loadBundle(folder) {
  const filename = join(folder, 'main.cjs');
  const compiled = join(folder, 'main.compiled');
  // The bundle is ASCII.
  const source = `(function (exports, require, module) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new Script(source, {
    filename,
    ...(existsSync(compiled) ? { cachedData: readFileSync(compiled) } : {}),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module);
  return { ...module.exports, script };
}
