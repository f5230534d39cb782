import type { Manifest } from './manifest.js';

/** Version of the protocol between this code and `safeguard-host`; a host that speaks another one is refused. */
export const HOST_PROTOCOL = 2;

/**
 * Fencing token. Ordered by epoch, step, try, attempt; see docs/architecture.md, "Fencing".
 * - `incarnation`: which life of the environment workflow handed out the epoch (UUID)
 * - `epoch`: counts grants of the environment; `run`: the deployment id that was granted
 * - `step`: counts the run's steps; `try`: the workflow's own retries; `attempt`: Temporal's attempts of one activity
 */
export interface FencingToken {
  readonly incarnation: string;
  readonly epoch: number;
  readonly run: string;
  readonly step: number;
  readonly try: number;
  readonly attempt: number;
}

interface Addressed {
  readonly protocol: typeof HOST_PROTOCOL;
  readonly application: string;
  readonly environment: string;
}

interface Fenced extends Addressed {
  readonly token: FencingToken;
}

/** Looks, changes nothing, needs no token. */
export interface InspectRequest extends Addressed {
  readonly operation: 'inspect';
  /** Digests of releases whose manifests are wanted; their files are compared with what was staged. */
  readonly manifests?: readonly string[];
}

/** Asks a container engine as root, who alone sees the containers of the system's units. Looks, changes nothing, needs no token. */
export interface EngineRequest extends Addressed {
  readonly operation: 'engine';
  readonly engine: ContainerEngine;
  /** `null`: the engine's version is asked for. */
  readonly container: string | null;
  /** Seconds after which the engine is ended. */
  readonly limit: number;
}

/** Programs that run containers. */
export const CONTAINER_ENGINES = ['podman', 'docker'] as const;
export type ContainerEngine = (typeof CONTAINER_ENGINES)[number];

/** Answer to `engine`: how its program ended. */
export interface EngineAnswer {
  /** Its exit status; 124: it did not end in time, 127: it is not there. */
  readonly status: number;
  /** Its version; or the state of the container as JSON, of which only `Status` and `Health.Status` are told. */
  readonly output: string;
  readonly errors: string;
}

/**
 * Takes one component's archive from standard input (exactly `artifact.size` bytes after the request's line) and
 * unpacks it beside the running release. `secrets` holds the values of the manifest's secret variables.
 */
export interface StageRequest extends Fenced {
  readonly operation: 'stage';
  readonly manifest: Manifest;
  readonly digest: string;
  readonly component: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Stages a composite release from releases that lie on the host already, so that going back needs no download. Each component
 * must be in the manifest exactly as it is in its source's manifest.
 */
export interface ComposeRequest extends Fenced {
  readonly operation: 'compose';
  readonly manifest: Manifest;
  readonly digest: string;
  /** Component → digest of the release on this host that it is taken from. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Makes one component of a staged release the running one. Writes the intent into the journal first, and begins or renews the
 * host's lease: when the host hears nothing for that long before it has voted (`prepare`), it goes back by itself.
 */
export interface ActivateRequest extends Fenced {
  readonly operation: 'activate';
  readonly digest: string;
  readonly component: string;
  /** Seconds, 5 to 3600. */
  readonly lease: number;
}

/** Renews the lease of the run that the host serves for; changes nothing else, and raises no token. */
export interface RenewRequest extends Fenced {
  readonly operation: 'renew';
  readonly lease: number;
}

/**
 * The host's vote, after which it no longer decides alone: insists that everything of `digest` runs here unaltered, and notes in
 * the journal that it may be committed elsewhere at any moment. A host that has voted and reboots starts nothing until it is told.
 */
export interface PrepareRequest extends Fenced {
  readonly operation: 'prepare';
  readonly digest: string;
  /** Addresses of the environment's other hosts; what they serve is asked when this host does not know. At most 64. */
  readonly peers: readonly string[];
}

/** Makes the whole host serve `digest` (`null`: nothing at all), whatever it serves now. The way back. */
export interface RestoreRequest extends Fenced {
  readonly operation: 'restore';
  readonly digest: string | null;
}

/** The run has ended on this release: commits it in the journal, writes the state file, prunes old releases. */
export interface CommitRequest extends Fenced {
  readonly operation: 'commit';
  readonly digest: string | null;
  readonly state: StateFile | null;
  /** Releases kept on the host, the committed one included. */
  readonly keep: number;
  /** As in `prepare`. */
  readonly peers: readonly string[];
}

/** Takes the host out of traffic: nothing of the application runs or is served, now and after a boot, until a restore. */
export interface WithdrawRequest extends Fenced {
  readonly operation: 'withdraw';
  readonly reason: string;
}

/**
 * Keeps what there is to know of a failed release under `/var/backups/deployment-forensics/<version>-<time>/` (spec S15), secrets
 * taken out. Changes nothing that runs.
 */
export interface ForensicsRequest extends Fenced {
  readonly operation: 'forensics';
  /** The release that failed, as a name for people. */
  readonly version: string;
  /** Seconds of service logs, counted back from now. */
  readonly logs: number;
  /** Seconds after which it ends with what it has. */
  readonly limit: number;
}

/** Accepts the token's incarnation although the host knows another one. Audited. */
export interface AdoptRequest extends Fenced {
  readonly operation: 'adopt';
  readonly reason: string;
}

export type HostRequest =
  | InspectRequest
  | EngineRequest
  | StageRequest
  | ComposeRequest
  | ActivateRequest
  | RenewRequest
  | PrepareRequest
  | RestoreRequest
  | CommitRequest
  | WithdrawRequest
  | ForensicsRequest
  | AdoptRequest;

/** `/var/lib/<application>-<environment>-state.json` (spec S2). Times are ISO 8601 in UTC. */
export interface StateFile {
  readonly current_version: string;
  readonly previous_version: string | null;
  readonly last_deploy_timestamp: string;
  readonly deploy_start: string;
  readonly deploy_runner: string;
  readonly deployed_by: string;
  readonly deployment_id: string;
  readonly git_sha: string | null;
}

/** What a component on a host really is, read from the running process and the files, not from our own notes. */
export interface ObservedComponent {
  readonly kind: 'systemd' | 'static';
  /** Digest of the release that is really executed or served; `null` when none. */
  readonly digest: string | null;
  readonly version: string | null;
  /** systemd: ActiveState of the unit; static: `active` when nginx runs and answers from that directory. */
  readonly state: string;
  /** systemd's restart counter since the unit was started by us; 0 for static. */
  readonly restarts: number;
  /** Sentences on everything that does not agree (unit file changed, files altered, wrong process); empty when sound. */
  readonly differences: readonly string[];
}

/** Answer to `inspect`. */
export interface HostInspection {
  readonly protocol: number;
  readonly hostname: string;
  /** ISO 8601, UTC: the host's clock. */
  readonly time: string;
  /** The highest token this host has accepted; `null` on a host that never had one. */
  readonly token: FencingToken | null;
  /** Digest that the journal calls committed. */
  readonly committed: string | null;
  readonly committedVersion: string | null;
  /** A change that was begun and neither committed nor undone. */
  readonly intent: {
    readonly run: string;
    readonly digest: string | null;
    /** The host has voted: it may be committed elsewhere. */
    readonly prepared: boolean;
  } | null;
  /** Why nothing of the application is started on this host until it is told what to serve; `null`: it serves. */
  readonly withheld: string | null;
  /** The run whose lease ran out here, so that the host went back by itself; `null` once another run has come. */
  readonly lapsed: { readonly run: string; readonly time: string } | null;
  /** Digests of the releases that lie complete on the host. */
  readonly releases: readonly { readonly digest: string; readonly version: string }[];
  readonly components: Readonly<Record<string, ObservedComponent>>;
  readonly state: StateFile | null;
  readonly system: HostSystem;
  /** By digest, of the releases asked for that lie on the host whole and unaltered. */
  readonly manifests?: Readonly<Record<string, Manifest>>;
}

export interface HostSystem {
  /** Seconds since boot. */
  readonly uptime: number;
  readonly load: readonly [number, number, number];
  readonly cores: number;
  /** Percent of memory in use. */
  readonly memory: number;
  /** Mount point → percent of the disk in use. */
  readonly disk: Readonly<Record<string, number>>;
  /** Bytes that are free where releases lie; hosts of an earlier version don't say it. */
  readonly free?: number;
}

/** Answer to every operation that changes something. */
export interface ChangeResult {
  /** False when the host already was as asked. */
  readonly changed: boolean;
  /** Milliseconds that the service was stopped, where it was. */
  readonly downtimeMs?: number;
  /** In check mode: what would be done, in sentences. */
  readonly would?: readonly string[];
}

/** Answer to `forensics`. */
export interface ForensicsResult extends ChangeResult {
  /** Where it lies on the host. */
  readonly directory: string;
  /** File name → text, cut to 256 kB in all. */
  readonly files: Readonly<Record<string, string>>;
}

/** One line on standard output: many `progress`, then one `result` or one `error`. */
export type HostLine =
  | { readonly type: 'progress'; readonly text: string; readonly bytes?: number }
  | {
      readonly type: 'result';
      readonly result: ChangeResult | ForensicsResult | HostInspection | EngineAnswer;
    }
  | { readonly type: 'error'; readonly code: HostErrorCode; readonly message: string };

/** Every way in which `safeguard-host` refuses or fails. Python and TypeScript are held together by a test. */
export const HOST_ERROR_CODES = [
  'BAD_REQUEST',
  'PROTOCOL_MISMATCH',
  'NOT_ALLOWED',
  'FENCED',
  'TOKEN_MISSING',
  'UNKNOWN_INCARNATION',
  'BUSY',
  'CHECKSUM_MISMATCH',
  'ARCHIVE_REFUSED',
  'TRUNCATED',
  'NOT_STAGED',
  'DISK_FULL',
  'FOREIGN_UNIT',
  'STOP_FAILED',
  'START_FAILED',
  'PROXY_REFUSED',
  'NOT_AS_EXPECTED',
  'LEASE_LAPSED',
  'INTERNAL',
] as const;
export type HostErrorCode = (typeof HOST_ERROR_CODES)[number];
