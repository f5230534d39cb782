import type { PreflightReport } from '../domain/preflight.js';
import type { PreflightRequest } from '../activities/preflight/preflight.js';
import { steps } from './activities.js';

/** Looks at everything that a deployment of this release would need. Changes nothing. */
export function preflight(request: PreflightRequest): Promise<PreflightReport> {
  const { environment, version } = request;
  return steps.preflight.executeWithOptions(
    { startToCloseTimeout: '10m', summary: `preflight of ${version} in ${environment}` },
    [request],
  );
}
