import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import { mutatedFiles, type Mutation } from './mutation.js';

/** Files of the checkout as they lie there, committed or not; without what git ignores. */
async function filesOf(checkout: string): Promise<string[]> {
  const argv = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const { stdout } = await execa('git', argv, { cwd: checkout });
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(checkout, file)));
}

/**
 * A copy of this checkout in a scratch directory, with the mutation in it, and compiled. The checkout is only read; packages are
 * hard links to its own. Hosts of a lab that is brought up from the copy are prepared with the copy's `ansible/`.
 *
 * @returns the directory; whoever asked removes it
 * @throws Error when the mutation does not fit, or what comes of it does not compile
 */
export async function mutatedCopy(mutation: Mutation): Promise<string> {
  const checkout = checkoutRoot();
  const texts = mutatedFiles(mutation, (file) => readFileSync(join(checkout, file), 'utf8'));
  const copy = await mkdtemp(join(tmpdir(), `safeguard-without-${mutation.name}-`));
  try {
    await execa('cp', ['-a', '--parents', '-t', copy, '--', ...(await filesOf(checkout))], { cwd: checkout });
    await execa('cp', ['-al', join(checkout, 'node_modules'), join(copy, 'node_modules')]);
    for (const [file, text] of texts) await writeFile(join(copy, file), text);
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await execa(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: copy, all: true });
    return copy;
  } catch (cause) {
    await rm(copy, { recursive: true, force: true });
    throw cause;
  }
}
