import { isDeploymentId } from './deployment-id.js';
import type { DeploymentRequest } from './run.js';
import { isVersion } from './version.js';

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const PERSON = /^[^\p{Cc}]{1,200}$/u;

/**
 * What is wrong with a request, or `null`. Asked by the client and again at the workflow's start, because anybody may start a
 * workflow with anything, and its values become parts of paths and names.
 */
export function objectionTo(request: DeploymentRequest): string | null {
  if (typeof request !== 'object') return 'A deployment request is an object.';
  if (!NAME.test(request.application)) return 'The application has no valid name.';
  if (!NAME.test(request.environment)) return 'The environment has no valid name.';
  if (!isVersion(request.version, 'tag'))
    return 'The version may have letters, digits, dots, dashes, plus signs and underscores only.';
  if (!isDeploymentId(request.deploymentId))
    return 'The deployment id may have lower-case letters, digits and dashes only.';
  if (!PERSON.test(request.requestedBy)) return 'Say who asks for the deployment.';
  if (request.adopt !== null && !PERSON.test(request.adopt)) return 'Say why the hosts are to be adopted.';
  return null;
}
