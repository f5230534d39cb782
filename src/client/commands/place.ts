import { environmentOf } from '../../config/load.js';
import type { Place } from '../environments.js';
import { configuration, type GlobalOptions } from '../options.js';

/**
 * The environment that a command names.
 * @throws SafeguardError CONFIG_INVALID, ENVIRONMENT_UNKNOWN
 */
export function placeOf(options: GlobalOptions, environment: string): Place {
  const config = configuration(options);
  return { application: config.application, environment: environmentOf(config, environment).name };
}
