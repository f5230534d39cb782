import { isDeploymentId } from './deployment-id.js';
import type { DeploymentRequest } from './run.js';
import { isVersion } from './version.js';

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const TEXTS = ['application', 'environment', 'version', 'deploymentId', 'requestedBy'] as const;
const PERSON = /^[^\p{Cc}]{1,200}$/u;

/**
 * What is wrong with a request, or `null`. Asked by the client and again at the workflow's start, because anybody may start a
 * workflow with anything, and its values become parts of paths and names.
 */
export function objectionTo(request: DeploymentRequest): string | null {
  // The declared type is what honest clients send; anybody else may send any JSON, and none at all.
  const said = request as Partial<Record<keyof DeploymentRequest, unknown>> | null | undefined;
  if (typeof said !== 'object' || said === null) return 'A deployment request is an object.';
  const wrong = TEXTS.find((key) => typeof said[key] !== 'string');
  if (wrong) return `A deployment request has a text as ${wrong}.`;
  if (said.adopt !== null && typeof said.adopt !== 'string') return 'adopt is the reason, or null.';
  if (typeof said.force !== 'boolean') return 'force is true or false.';
  if (!NAME.test(request.application)) return 'The application has no valid name.';
  if (!NAME.test(request.environment)) return 'The environment has no valid name.';
  if (!isVersion(request.version, 'tag'))
    return 'The version may have letters, digits, dots, dashes, plus signs and underscores only.';
  if (!isDeploymentId(request.deploymentId))
    return 'The deployment id has 8 to 64 lower-case letters, digits and dashes.';
  if (!PERSON.test(request.requestedBy)) return 'Say who asks for the deployment.';
  if (request.adopt !== null && !PERSON.test(request.adopt)) return 'Say why the hosts are to be adopted.';
  return null;
}
