import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (found) => found.isFile(),
      // Not there or not executable is an answer here, not a failure.
      () => false,
    );
}

/**
 * Absolute path of an executable: the first of that name in `searchPath` (default: `PATH`), then in
 * `otherDirectories`; `undefined` when there is none.
 */
export async function findProgram(
  name: string,
  otherDirectories: readonly string[] = [],
  searchPath: string = process.env['PATH'] ?? '',
): Promise<string | undefined> {
  for (const directory of [...searchPath.split(delimiter), ...otherDirectories]) {
    const path = join(directory, name);
    if (directory !== '' && (await isProgram(path))) return path;
  }
  return undefined;
}

/** Where a program is that is named by its path, or else to be found on `PATH`; `undefined`: there is none. */
export async function whereIs(program: string): Promise<string | undefined> {
  if (!program.includes('/')) return findProgram(program);
  return (await isProgram(program)) ? program : undefined;
}
