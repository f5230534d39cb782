import { isDeploymentId } from './deployment-id.js';
import type { RecoveryRequest } from './recovery.js';
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
  if (!PERSON.test(request.requestedBy))
    return 'Say who asks for the deployment, in one line of at most 200 characters.';
  if (request.adopt !== null && !PERSON.test(request.adopt))
    return 'Say why the hosts are to be adopted, in one line of at most 200 characters.';
  return objectionToOptions(said);
}

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** What may be left out of a request, and what is wrong with it. */
function objectionToOptions(said: Partial<Record<keyof DeploymentRequest, unknown>>): string | null {
  const { ifBusy, maxWaitSeconds, override, dryRun, source } = said;
  if (ifBusy !== undefined && ifBusy !== 'wait' && ifBusy !== 'fail') return 'ifBusy is wait or fail.';
  if (maxWaitSeconds !== undefined && !(typeof maxWaitSeconds === 'number' && maxWaitSeconds > 0))
    return 'maxWaitSeconds is a positive number.';
  if (override !== undefined && !isLine(override))
    return 'Say why the calendar is to be overridden, in one line of at most 200 characters.';
  if (dryRun !== undefined && typeof dryRun !== 'boolean') return 'dryRun is true or false.';
  return source === undefined ? null : objectionToSource(source);
}

/** What is wrong with where a release is said to come from, or `null`. */
export function objectionToSource(source: unknown): string | null {
  if (typeof source !== 'object' || source === null) return 'source says the commit and the ref, or null.';
  const { commit, ref } = source as Record<string, unknown>;
  if (commit !== null && !(typeof commit === 'string' && COMMIT.test(commit)))
    return 'The commit is a full SHA of 40 or 64 lower-case hexadecimal digits.';
  return ref === null || isLine(ref) ? null : 'The ref is one line of at most 200 characters.';
}

/** True for a name or a reason that can stand in lists and logs as it is: one line of at most 200 characters. */
export function isLine(text: unknown): text is string {
  return typeof text === 'string' && PERSON.test(text);
}

function objectionToWish(wish: Partial<Record<string, unknown>>): string | null {
  switch (wish['kind']) {
    case 'converge':
      return wish['adopt'] === null || isLine(wish['adopt'])
        ? null
        : 'Say why the hosts are to be adopted, in one line of at most 200 characters.';
    case 'rollback': {
      const { to, components } = wish;
      if (to !== null && !(typeof to === 'string' && isVersion(to, 'tag')))
        return 'The release to go to is named by its version.';
      const named = Array.isArray(components) && components.length > 0 && components.every(isName);
      return components === null || named ? null : 'components are names of components, or null.';
    }
    case 'rejoin':
      return isName(wish['host']) ? null : 'host is the name of a host.';
    case 'withdraw':
      return typeof wish['host'] === 'object' && wish['host'] !== null ? null : 'host is a host.';
    default:
      return 'A recovery is to converge, rollback, rejoin or withdraw.';
  }
}

function isName(text: unknown): boolean {
  return typeof text === 'string' && NAME.test(text);
}

/** As {@link objectionTo}, for recoveries. */
export function objectionToRecovery(request: RecoveryRequest): string | null {
  const said = request as Partial<Record<keyof RecoveryRequest, unknown>> | null | undefined;
  if (typeof said !== 'object' || said === null) return 'A recovery request is an object.';
  if (typeof said.wish !== 'object' || said.wish === null) return 'A recovery request says what it is for.';
  if (typeof said.dryRun !== 'boolean') return 'dryRun is true or false.';
  if (!isName(said.application)) return 'The application has no valid name.';
  if (!isName(said.environment)) return 'The environment has no valid name.';
  if (typeof said.deploymentId !== 'string' || !isDeploymentId(said.deploymentId))
    return 'The deployment id has 8 to 64 lower-case letters, digits and dashes.';
  if (!isLine(said.requestedBy)) return 'Say who asks, in one line.';
  if (!isLine(said.reason)) return 'Say why, in one line of at most 200 characters.';
  return objectionToWish(said.wish);
}
