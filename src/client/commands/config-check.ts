import { configuration, type GlobalOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { configSummary } from '../view/config-summary.js';

/** `safeguard config check`. */
export function configCheck(terminal: Terminal, options: GlobalOptions): number {
  const config = configuration(options);
  terminal.out(options.json ? JSON.stringify(configSummary(config)) : configText(configSummary(config)));
  return 0;
}

function configText({ file, application, environments }: ReturnType<typeof configSummary>): string {
  const lines = environments.map(
    ({ name, hosts, components, approval, migrations }) =>
      `  ${name}: ${components.join(', ')} on ${hosts.join(', ')}; ${migrations ? 'with' : 'no'} migrations; approval ${approval ? 'required' : 'not required'}`,
  );
  return [`${file} is in order: application ${application}`, ...lines].join('\n');
}
