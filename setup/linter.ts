import { join } from 'node:path';
import { execa } from 'execa';
import { checkoutRoot } from './checkout.js';

/** A linter that is there: what to run, from the top folder unless `cwd` (below it) says otherwise. */
export interface LintCommand {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A linter. `command` finds or installs it; a string is the reason why it can't be had here. */
export interface Linter {
  readonly name: string;
  readonly command: () => Promise<LintCommand | string>;
}

/** How one linter ended. */
export interface LintResult {
  readonly name: string;
  readonly verdict: 'ok' | 'FAIL' | 'SKIPPED';
  readonly seconds: number;
  /** What it printed, or why it was skipped. */
  readonly output: string;
}

/** Runs one linter; one that can't be found or started has failed, one that can't be had is skipped. */
export async function runLinter({ name, command }: Linter): Promise<LintResult> {
  const started = Date.now();
  const told = (verdict: LintResult['verdict'], output: string): LintResult => ({
    name,
    verdict,
    seconds: (Date.now() - started) / 1000,
    output,
  });
  try {
    const what = await command();
    if (typeof what === 'string') return told('SKIPPED', what);
    const [program, ...args] = what.argv;
    const { exitCode, all } = await execa(program, args, {
      cwd: join(checkoutRoot(), what.cwd ?? '.'),
      env: { ...what.env },
      stdin: 'ignore',
      all: true,
      reject: false,
    });
    return told(exitCode === 0 ? 'ok' : 'FAIL', all);
  } catch (error) {
    return told('FAIL', error instanceof Error ? error.message : String(error));
  }
}
