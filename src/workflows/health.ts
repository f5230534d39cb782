import type { HealthLook } from '../domain/check.js';
import { steps } from './activities.js';
import type { Target } from './run.js';

/** Asks every check of an environment's committed release. Changes nothing. */
export function health({ application, environment }: Target): Promise<HealthLook> {
  return steps.health.executeWithOptions(
    { startToCloseTimeout: '10m', summary: `health of ${environment}` },
    [{ application, environment }],
  );
}
