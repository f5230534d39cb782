import { join } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import type { Campus } from './campus.js';

/** The command line of `safeguard`, as a person would type it, inside the lab's network. */
export function safeguardCommand(lab: Lab, campus: Campus, args: readonly string[]): [string, ...string[]] {
  const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
  const [program = '', ...rest] = [
    ...lab.enter(),
    process.execPath,
    cli,
    '--config',
    campus.configFile,
    ...args,
  ];
  return [program, ...rest];
}
