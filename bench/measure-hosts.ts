import { DISKS, MAX_WEB_HOSTS } from '../lab/layout.js';
import { ensurePackages } from '../setup/apt.js';
import { pyinfraVenv } from '../setup/pyinfra.js';
import { TOOLS } from './hosts/contender.js';
import { measureOnLab } from './measure.js';

/** As the command line has it. */
export interface HostsWish {
  readonly hosts: string;
  readonly runs: string;
  readonly disk: string;
  /** Names with commas between. */
  readonly tools: string;
  readonly args: readonly string[];
}

/** The measurement of tools that was asked for; `null`: it is not understood. */
export function hostsMeasurement({
  hosts,
  runs,
  disk,
  tools,
  args,
}: HostsWish): (() => Promise<number>) | null {
  const web = /^[1-9]\d{0,2}$/.test(hosts) ? Number(hosts) : MAX_WEB_HOSTS + 1;
  const its = DISKS.find((known) => known === disk);
  const wanted = tools.split(',');
  const isKnown = wanted.every((tool) => TOOLS.some((known) => known === tool));
  if (web > MAX_WEB_HOSTS || its === undefined || !isKnown) return null;
  return async () => {
    if (wanted.includes('capistrano')) await ensurePackages(['capistrano']);
    if (wanted.includes('pyinfra')) await pyinfraVenv();
    const env = { BENCH_RUNS: runs, BENCH_TOOLS: tools };
    return measureOnLab({ program: 'hosts/main.js', args, env }, { web, disk: its });
  };
}
