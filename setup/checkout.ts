import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function climb(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory)
    throw new Error('No package.json above this file: run this from a checkout of safeguard.');
  return climb(parent);
}

/** The top folder of this checkout, whether the code runs from `dist/` or from the sources. */
export function checkoutRoot(): string {
  return climb(dirname(fileURLToPath(import.meta.url)));
}
