import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

const LEFT_OUT: readonly string[] = ['.git', '.safeguard', 'node_modules', 'dist', 'coverage'];
const SHEBANG = /^#! ?\/(usr\/)?bin\/(env )?(ba|da)?sh\b/;

async function isShellScript(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return SHEBANG.test(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
}

async function below(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const found = entries.map(async (entry): Promise<string[]> => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.includes(entry.name) ? [] : below(path);
    return entry.isFile() && (await isShellScript(path)) ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Files of a folder whose first line has a shell run them, sorted, as paths relative to it; nothing that is built. */
export async function shellScripts(directory: string): Promise<string[]> {
  return (await below(directory)).map((path) => relative(directory, path)).sort();
}
