import { environmentOf } from '../../config/load.js';
import { configuration, type GlobalOptions } from '../options.js';
import { sheetOf, type Terminal } from '../terminal.js';
import { policyTable } from '../view/policy.js';

/** `safeguard policy show`: reads `safeguard.yaml` and asks nobody. */
export function policyShow(terminal: Terminal, name: string, options: GlobalOptions): number {
  const { policyLines } = environmentOf(configuration(options), name);
  terminal.out(
    options.json
      ? JSON.stringify({ environment: name, values: policyLines })
      : policyTable(policyLines, sheetOf(terminal)),
  );
  return 0;
}
