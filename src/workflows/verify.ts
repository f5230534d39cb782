import type { Verification } from '../domain/recovery.js';
import { steps } from './activities.js';
import type { Target } from './run.js';

/** Looks at every host of an environment and at its schema, and says what differs from the committed release. Changes nothing. */
export function verify({ application, environment }: Target): Promise<Verification> {
  return steps.verify.executeWithOptions({ startToCloseTimeout: '10m', summary: `verify ${environment}` }, [
    { application, environment },
  ]);
}
