import type { ResolvedRelease } from '../../src/adapters/release-directory.js';
import type { FencingToken, StateFile } from '../../src/domain/host-protocol.js';

/** The value of every secret that is sent. */
export const SECRET = 'never-half';

/** Python that prints the `HostProgramFields` of the program on the host. */
export const ASK_PROGRAM = `import json, sys; sys.path.insert(0, '/usr/local/lib/safeguard'); import safeguard_host as p
print(json.dumps({'protocol': p.PROTOCOL, 'fields': p.OPERATION_FIELDS}))`;

/** What the program on the host says of itself: the tests send what it wants, whichever version it is. */
export interface HostProgramFields {
  readonly protocol: number;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** What the tests ask of a host. */
export type Operation = 'stage' | 'activate' | 'prepare' | 'restore' | 'commit' | 'adopt';

/** A release that the test built, and the archive of each component. */
export interface Built extends ResolvedRelease {
  readonly archives: Readonly<Record<string, Buffer>>;
}

/** What an operation is about; what it does not need is left out. */
export interface About {
  readonly release?: Built | null;
  readonly component?: 'backend' | 'frontend';
  /** Begins a new life of the environment: for `adopt`. */
  readonly incarnation?: string;
}

const ADDRESS = { application: 'campus', environment: 'production' };

/** The state file that a commit of this release writes. */
export function stateOf({ release }: Built): StateFile {
  return {
    current_version: release.version,
    previous_version: null,
    last_deploy_timestamp: '2026-01-01T00:00:00Z',
    deploy_start: '2026-01-01T00:00:00Z',
    deploy_runner: 'runner',
    deployed_by: 'test',
    deployment_id: release.version,
    git_sha: null,
  };
}

/** The line of a request, with the fields that the program wants for it. */
export function requestLine(
  program: HostProgramFields,
  operation: Operation | 'inspect',
  token: FencingToken,
  { release = null, component }: About = {},
): string {
  const backend = release?.manifest.components[component ?? ''];
  const names = backend !== undefined && 'secrets' in backend ? backend.secrets : [];
  const all: Record<string, unknown> = {
    token,
    manifest: release?.manifest,
    digest: release?.release.digest ?? null,
    component,
    secrets: Object.fromEntries(names.map((name) => [name, SECRET])),
    state: release && stateOf(release),
    keep: 3,
    lease: 600,
    peers: [],
    reason: 'begun anew',
  };
  const wanted = program.fields[operation] ?? [];
  const fields = Object.fromEntries(wanted.map((name) => [name, all[name]]));
  return `${JSON.stringify({ protocol: program.protocol, operation, ...ADDRESS, ...fields })}\n`;
}
