import { readdirSync } from 'node:fs';
import { chmod, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import { say } from '../../setup/say.js';

/** How long the download may take to begin, and to end, in milliseconds. */
const BEGIN_MS = 6_000;
const END_MS = 300_000;

/** The sentence in the SDK's output that says why; the rest is a stack trace. */
function reason(stderr: string): string {
  return /Error: (?<why>[^\n\]]+)/.exec(stderr)?.groups?.['why'] ?? stderr.trim();
}

/**
 * Has the Temporal SDK download the Temporal CLI of that version to `<directory>/temporal` (`directory` is empty).
 * Fails within seconds when the download site can't be reached.
 */
export async function downloadTemporal(directory: string, version: string): Promise<void> {
  say('trying the download of the Temporal CLI that comes with the Temporal SDK');
  const script = join(checkoutRoot(), 'setup', 'temporal-cli', 'download.js');
  const giveUp = new AbortController();
  // Behind a firewall that drops packets nothing answers: no file by now means that nothing will come.
  const timer = setTimeout(() => {
    if (readdirSync(directory).length === 0) giveUp.abort();
  }, BEGIN_MS);
  const result = await execa(process.execPath, [script, directory, `v${version}`], {
    cancelSignal: giveUp.signal,
    timeout: END_MS,
    reject: false,
  }).finally(() => clearTimeout(timer));
  if (result.isCanceled) throw new Error(`the download did not begin within ${BEGIN_MS / 1000} s`);
  if (result.timedOut) throw new Error(`the download did not end within ${END_MS / 1000} s`);
  if (result.failed) throw new Error(reason(result.stderr));
  const [file] = await readdir(directory);
  if (file === undefined) throw new Error('the SDK reported success but left no file');
  await rename(join(directory, file), join(directory, 'temporal'));
  await chmod(join(directory, 'temporal'), 0o755);
}
