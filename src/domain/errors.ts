import type { HostErrorCode } from './host-protocol.js';

/**
 * What kind of failure it is; the retry table (`retry.ts`) has one row for each.
 * - `input`: what was asked for is wrong; asking again changes nothing
 * - `refused`: something deliberately said no
 * - `unreachable`: nothing was carried out because nobody answered
 * - `failed`: carried out, and it did not work
 * - `unknown`: it may or may not have been carried out; look before anything else
 * - `defect`: our own mistake
 */
export type ErrorClass = 'input' | 'refused' | 'unreachable' | 'failed' | 'unknown' | 'defect';

interface ErrorFacts {
  readonly class: ErrorClass;
  /** What a person should do about it. */
  readonly advice: string;
}

/** Every coded error. `docs/errors.md` is held to this table by a test. */
export const ERRORS = {
  CONFIG_INVALID: { class: 'input', advice: 'Mend the file at the place named, then start again.' },
  REQUEST_INVALID: {
    class: 'input',
    advice: 'Correct what the message names, and ask again.',
  },
  VERSION_INVALID: {
    class: 'input',
    advice: 'Give a version of the configured form, such as 1.4.2 or 1.4.2-rc.1.',
  },
  ENVIRONMENT_UNKNOWN: { class: 'input', advice: 'Use one of the environments that safeguard.yaml names.' },
  RELEASE_NOT_FOUND: {
    class: 'input',
    advice: 'Build the release, or correct the version or release.directory.',
  },
  RELEASE_INVALID: {
    class: 'input',
    advice: 'Build the release again; its files do not agree with its SHA256SUMS or release.json.',
  },
  RELEASE_CHANGED: {
    class: 'input',
    advice: 'The release was altered while it was being deployed. Build it again under a new version.',
  },
  SECRET_MISSING: {
    class: 'input',
    advice: 'Provide the secret to the worker at the reference named, then start again.',
  },
  SCHEMA_NOT_TOLERATED: {
    class: 'input',
    advice:
      'The release that serves now could not run on the new schema, so there would be no way back. Deploy a release in between.',
  },
  MIGRATION_HALF_DONE: {
    class: 'input',
    advice:
      'A migration failed half-way and could not be undone. Undo by hand what the message names, run flyway repair, then start again.',
  },
  MIGRATION_FENCED: {
    class: 'refused',
    advice: 'A newer run has taken the database over; nothing was applied. Look at that run.',
  },
  DATABASE_DENIED: {
    class: 'refused',
    advice: 'Give the user of the migrations what the message says it lacks, then start again.',
  },
  DATABASE_UNREACHABLE: {
    class: 'unreachable',
    advice: 'Check that the database runs and can be reached from the runner.',
  },
  ROLLBACK_TARGET_UNKNOWN: {
    class: 'input',
    advice: 'Choose a version that safeguard status lists as committed before, or deploy it.',
  },
  ROLLBACK_TARGET_MISSING: {
    class: 'input',
    advice: 'Put the release back into the release directory of the runner, or choose another version.',
  },
  RELEASE_NOT_ALLOWED: {
    class: 'input',
    advice: 'Mend what the message names (tag, branch, checks of the commit), then start again.',
  },
  GITHUB_UNREACHABLE: {
    class: 'unreachable',
    advice: 'Wait until GitHub answers again, or until the time that the message names, then start again.',
  },
  GITHUB_DENIED: {
    class: 'refused',
    advice: 'Give the worker a token that may read the repository (contents, checks, statuses).',
  },
  HOST_UNKNOWN: { class: 'input', advice: 'Use one of the hosts that safeguard status names.' },
  RUN_WAS_RESET: {
    class: 'refused',
    advice:
      'The run was reset after it had been given the environment, which was brought back meanwhile. Start a new deployment.',
  },
  HOST_KEY_UNKNOWN: {
    class: 'refused',
    advice: "Add the host's key to the known_hosts file after checking it on the host's console.",
  },
  HOST_KEY_MISMATCH: {
    class: 'refused',
    advice: 'Someone may be in between. Compare the key on the console before you touch known_hosts.',
  },
  LOGIN_REFUSED: { class: 'refused', advice: 'Check the deploying user and its key on that host.' },
  HOST_REFUSED: { class: 'failed', advice: 'The host says why; see its message.' },
  HOST_UNREACHABLE: { class: 'unreachable', advice: 'Check power, network and sshd of the host.' },
  CONNECTION_LOST: { class: 'unknown', advice: 'The host is looked at again before anything else is done.' },
  HOST_TIMEOUT: {
    class: 'unknown',
    advice: 'The host did not finish in time; look at its load and at its journal.',
  },
  HOST_OUTPUT_TOO_LARGE: { class: 'failed', advice: 'A command flooded its output; look at the host.' },
  HOST_ANSWER_INVALID: {
    class: 'failed',
    advice: 'Run the prepare playbook: safeguard-host on the host is missing or of another version.',
  },
  ANSIBLE_MISSING: {
    class: 'input',
    advice:
      'Install ansible-core 2.19 where the worker finds ansible-playbook: on its PATH, or in the directory that SAFEGUARD_ANSIBLE names.',
  },
  ANSIBLE_FAILED: {
    class: 'failed',
    advice:
      "Read Ansible's words in the message; mend the playbook, the inventory or the host, then start again.",
  },
  INVENTORY_INVALID: {
    class: 'input',
    advice: 'Mend the inventory at the place named; ansible-inventory --list shows what Ansible makes of it.',
  },
  HOST_NOT_AS_COMMITTED: {
    class: 'refused',
    advice:
      'A host does not hold what the environment has committed. Run the verify playbook and bring it back first.',
  },
  ENVIRONMENT_NOT_ADOPTED: {
    class: 'refused',
    advice:
      'The hosts belong to another life of this environment. Check that no other server deploys to them, then deploy with --adopt.',
  },
  ENVIRONMENT_QUARANTINED: {
    class: 'refused',
    advice:
      'An earlier run ended as PARTIAL. See safeguard status; then safeguard converge, rollback or host evict.',
  },
  ENVIRONMENT_DISABLED: {
    class: 'refused',
    advice: 'Ask who disabled it; safeguard enable lets deployments in again.',
  },
  ENVIRONMENT_PAUSED: {
    class: 'refused',
    advice: 'Ask who paused all environments; safeguard resume-all lets deployments in again.',
  },
  ENVIRONMENT_FROZEN: {
    class: 'refused',
    advice: 'Wait until the time that the message names, or deploy with --override and an approval.',
  },
  ENVIRONMENT_BUSY: {
    class: 'refused',
    advice: 'Start again later, or with --if-busy wait.',
  },
  QUEUE_TIMEOUT: {
    class: 'refused',
    advice: 'The environment was not free in time. See safeguard queue, then start again.',
  },
  SUPERSEDED: {
    class: 'refused',
    advice: 'Nothing: a newer deployment takes its place, as the policy of the environment says.',
  },
  QUARANTINE_STANDS: {
    class: 'refused',
    advice: 'Bring the hosts to one release (safeguard converge, rollback, host evict), then resolve again.',
  },
  SIGNATURE_REFUSED: {
    class: 'refused',
    advice: 'Sign with safeguard approve --sign and a key that allowed_signers lists for that person.',
  },
  SIGNATURE_NOT_JUDGED: {
    class: 'failed',
    advice:
      'Install ssh-keygen on the runner and let the worker read the file of approval.allowed_signers, then approve again.',
  },
  NOT_READY: {
    class: 'failed',
    advice: 'The service did not become ready in time; see its log in the message.',
  },
  UNHEALTHY: { class: 'failed', advice: 'Read the failed checks; the release was taken back.' },
  SMOKE_FAILED: { class: 'failed', advice: 'Read the failed smoke tests; the release was taken back.' },
  NOT_READ_BACK: {
    class: 'refused',
    advice: 'A host reported success but does not show it; see the differences.',
  },
  NOT_REACHED: {
    class: 'unreachable',
    advice:
      'See whether it runs and listens there, whether its name is known, and whether it lets the login in.',
  },
  PROBE_FAILED: {
    class: 'failed',
    advice: 'It was reached, but does not answer as it should; see the message.',
  },
  PREFLIGHT_FAILED: {
    class: 'refused',
    advice: 'See what each look of the table says; safeguard preflight repeats them.',
  },
  MIGRATION_FAILED: {
    class: 'failed',
    advice: "Read Flyway's message; mend the migration, and check flyway_schema_history.",
  },
  STEP_TIMEOUT: {
    class: 'failed',
    advice: 'The step took longer than it may; see the last progress it reported.',
  },
  REJECTED: { class: 'refused', advice: 'Ask the person who rejected it.' },
  APPROVAL_TIMEOUT: {
    class: 'refused',
    advice: 'Nobody approved in time. Start again when an approver is there.',
  },
  ABORTED: { class: 'refused', advice: 'A person aborted the run.' },
  RUN_TERMINATED: {
    class: 'refused',
    advice:
      "The run's workflow was terminated, which tells it nothing; its environment cleaned up after it. To stop a run, use safeguard abort.",
  },
  RUN_TIMEOUT: {
    class: 'failed',
    advice: 'The whole run took longer than it may; see which step it was in.',
  },
  PARTIAL_STATE: {
    class: 'failed',
    advice: 'The hosts do not serve one release. The environment is quarantined: act now, see the runbook.',
  },
  RECORD_NOT_WRITTEN: {
    class: 'unreachable',
    advice: 'Make room or repair access in the records directory; it is tried again.',
  },
  AUDIT_NOT_WRITTEN: {
    class: 'unreachable',
    advice:
      'Make room or repair access to the audit store; it is tried again, and nothing is lost meanwhile.',
  },
  AUDIT_BROKEN: {
    class: 'refused',
    advice:
      'Somebody changed the audit store. Keep it as it is, and find out who; safeguard audit verify names the line.',
  },
  TEMPORAL_UNREACHABLE: {
    class: 'unreachable',
    advice: 'Start the server (safeguard dev) or correct the address (TEMPORAL_ADDRESS).',
  },
  TEMPORAL_NOT_FOUND: {
    class: 'input',
    advice: 'Install the Temporal CLI or Go, or point TEMPORAL_ADDRESS at a server.',
  },
  TEMPORAL_DENIED: {
    class: 'refused',
    advice: 'Correct the namespace, or use credentials that may do this on the Temporal server.',
  },
  RUN_NOT_FOUND: {
    class: 'input',
    advice: 'Check the environment and the deployment id with safeguard status.',
  },
  LAB_NOT_CONTAINED: {
    class: 'refused',
    advice: 'Bring the lab down and up again; nothing may leave the machine.',
  },
  INTERNAL: { class: 'defect', advice: 'This is a defect in safeguard. Please report it with the run id.' },
} as const satisfies Record<string, ErrorFacts>;

/** Stable name of an error; also the `type` of the Temporal failure that carries it. */
export type ErrorCode = keyof typeof ERRORS;

/** True for a string that names an error of the table. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERRORS, text);
}

/** The page that tells a person what to do about an error. */
export function runbook(code: ErrorCode): string {
  return `docs/errors.md#${code.toLowerCase().replaceAll('_', '-')}`;
}

/**
 * The one error class of the product: a stable code, a sentence for a person, and the cause.
 * Workflow and activity failures carry the code as their Temporal failure type.
 */
export class SafeguardError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'SafeguardError';
    this.code = code;
  }
}

/** A refusal or failure that `safeguard-host` itself reported. */
export class HostRefused extends SafeguardError {
  readonly hostCode: HostErrorCode;

  constructor(hostCode: HostErrorCode, message: string) {
    super('HOST_REFUSED', message);
    this.hostCode = hostCode;
  }
}
