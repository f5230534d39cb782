/** Where the writer inserts: a schema of its own, since Flyway refuses to begin in a schema that has strange tables. */
export const WRITTEN = { table: 'chaos.written', column: 'number' } as const;

/** The five invariants. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5';

/** Something that must not be, with what shows it. */
export interface Violation {
  readonly invariant: Invariant;
  /** `null`: of no host in particular. */
  readonly host: string | null;
  /** One sentence. */
  readonly what: string;
  /** What was read, as it was read; never a secret. */
  readonly evidence: string;
}

/** One release as it was built, known by its bytes. Paths are relative to the component's folder. */
export interface BuiltRelease {
  readonly version: string;
  /** SHA-256 of every file. */
  readonly backend: Readonly<Record<string, string>>;
  readonly frontend: Readonly<Record<string, string>>;
  /** The newest migration that the database may have while it serves, and the oldest. */
  readonly schema: { readonly min: string; readonly max: string };
}

/** A host, and how to get into it without anything of the product: the process id of its init on this machine. */
export interface HostDoor {
  readonly name: string;
  readonly address: string;
  readonly role: 'web' | 'db';
  /** Asked each time: a host that lost power has a new one. */
  readonly init: () => Promise<number>;
}

/** A run that was accepted, and how it has ended by Temporal's own word. */
export interface AcceptedRun {
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly version: string;
  /** By Temporal: COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT, RUNNING. */
  readonly status: string;
}

/** What the checker is told. All else it reads for itself. */
export interface Rest {
  readonly application: string;
  readonly environment: string;
  readonly hosts: readonly HostDoor[];
  /** Every release that was ever built for these hosts. */
  readonly releases: readonly BuiltRelease[];
  /** In the order in which they were accepted. */
  readonly runs: readonly AcceptedRun[];
  /** Ids of all workflows that Temporal says are running, without the environment's own. */
  readonly running: readonly string[];
  /** Directory below which records and incidents are written, wherever: files are known by what is in them. */
  readonly records: string;
  /** Rows that the database acknowledged to the writer, who inserts them into `WRITTEN`. */
  readonly acknowledged: readonly number[];
  /** Histories as Temporal exports them, by workflow id. */
  readonly histories: ReadonlyMap<string, string>;
  /** Directories of the runner: logs, records, the server's database, configuration. */
  readonly directories: readonly string[];
  /** Command lines that were seen while it went on. */
  readonly commandLines: readonly string[];
  /** Values that must be nowhere but in files of root with mode 600 below the releases. */
  readonly secrets: readonly string[];
  /** What hosts' journals have from before is of no concern; left out: they are read from their beginning. */
  readonly since?: Date;
}

/** Reads everything once it has come to rest; an empty list: nothing is wrong. */
export type CheckAtRest = (rest: Rest) => Promise<Violation[]>;
