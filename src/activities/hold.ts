import { log } from '@temporalio/activity';
import type { EnvironmentConfig } from '../config/load.js';
import { holdOf } from '../domain/holds.js';
import { NOTHING_SWITCHED, type Hold, type Switches } from '../domain/switches.js';
import type { Dependencies } from './dependencies.js';
import { environmentNow } from './hosts-of.js';

/** Why deployments to an environment may change nothing now, by its switches and its calendar; `null`: they may. */
export function holdNow({ policy }: EnvironmentConfig, switches: Switches | undefined): Hold | null {
  return holdOf(switches ?? NOTHING_SWITCHED, policy.windows, Date.now());
}

/**
 * True when a run that is only being judged would be held back already, so that it need not wait for its turn to be told. The
 * plan has the last word: that nobody could be asked holds nobody back.
 */
export async function isHeldAlready(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
): Promise<boolean> {
  const { application, name } = environment;
  try {
    const now = await environmentNow(dependencies, { application, environment: name });
    return holdNow(environment, now?.switches) !== null;
  } catch (error) {
    log.warn('the environment could not be asked whether it is held', { error: String(error) });
    return false;
  }
}
