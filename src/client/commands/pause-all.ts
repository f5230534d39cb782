import { describeSwitch } from '../../domain/switches.js';
import { parseMoment } from '../moments.js';
import { configuration } from '../options.js';
import { setSwitch, whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import type { DisableOptions } from './disable.js';
import { switchAll } from './switch-all.js';

/** `safeguard pause-all`: deployments to every environment are held back, those that never had one included. */
export async function pauseAll(terminal: Terminal, options: DisableOptions): Promise<number> {
  const { until } = options;
  const wish = {
    kind: 'pause',
    ...whoAndWhy(options),
    until: until === undefined ? null : parseMoment(until, commonZone(options), Date.now()),
  } as const;
  const status = await switchAll(
    terminal,
    {
      wish,
      tell: setSwitch,
      line: (switches) =>
        switches?.paused ? describeSwitch('paused', switches.paused) : 'is not paused any more',
    },
    options,
  );
  if (!options.json)
    terminal.out(`What runs goes on. To let deployments in again: safeguard resume-all --reason '…'`);
  return status;
}

/** The time zone of all environments; `null` when they have different ones. */
function commonZone(options: DisableOptions): string | null {
  const { environments } = configuration(options);
  const zones = new Set([...environments.values()].map(({ policy }) => policy.windows.timezone));
  const [zone = null] = zones;
  return zones.size === 1 ? zone : null;
}
