import { join } from 'node:path';
import { execa } from 'execa';
import { checkoutRoot } from '../../setup/checkout.js';
import type { CampusLab } from './campus-lab.js';

/** What an operator gets to see of a command. */
export interface CliEnd {
  readonly exitCode: number;
  /** Lines of standard output that are not empty. */
  readonly lines: readonly string[];
  /** The last of them. */
  readonly last: string;
  readonly stderr: string;
}

/** Runs the command line as users do, in a process of its own, against the lab's server; whatever its exit status. */
export async function runCli(campus: CampusLab, ...words: readonly string[]): Promise<CliEnd> {
  const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
  const argv = [cli, '--config', campus.configFile, '--address', campus.settings.address, ...words];
  // The tests may be a job of CI themselves, in which the same command twice would be one deployment.
  const usual = Object.entries(process.env).filter(([name]) => !name.startsWith('GITHUB_'));
  const { exitCode, stdout, stderr } = await execa(process.execPath, argv, {
    // Jest gives tests a copy of the environment, which children do not inherit by themselves.
    env: { ...Object.fromEntries(usual), NO_COLOR: '1' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  return { exitCode: exitCode ?? -1, lines, last: lines.at(-1) ?? '', stderr };
}
