import { configuration, type GlobalOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { configSummary } from '../view/config-summary.js';

/** `safeguard config check`. */
export function configCheck(terminal: Terminal, options: GlobalOptions): number {
  const config = configuration(options);
  const summary = configSummary(config);
  terminal.out(options.json ? JSON.stringify(summary) : configText(summary));
  return 0;
}

function configText({ file, application, environments }: ReturnType<typeof configSummary>): string {
  const lines = environments.map(
    ({ name, hosts, inventory, components, approval, migrations, smoke }) =>
      `  ${name}: ${components.join(', ')} on ${inventory === null ? hosts.join(', ') : `the hosts of ${inventory}`}; ${migrations ? 'with' : 'no'} migrations; approval ${approval ? 'required' : 'not required'}${smoke === 0 ? '' : `; ${smoke} smoke test${smoke === 1 ? '' : 's'}`}`,
  );
  return [`${file} is in order: application ${application}`, ...lines].join('\n');
}
