import type { EnvironmentConfig } from '../config/load.js';
import { holdOf } from '../domain/holds.js';
import { NOTHING_SWITCHED, type Hold, type Switches } from '../domain/switches.js';

/** Why deployments to an environment may change nothing now, by its switches and its calendar; `null`: they may. */
export function holdNow({ policy }: EnvironmentConfig, switches: Switches | undefined): Hold | null {
  return holdOf(switches ?? NOTHING_SWITCHED, policy.windows, Date.now());
}
