/** A process of a host, from its folder in `/proc`. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly user: string;
  /** systemd's unit, by its cgroup. */
  readonly unit: string;
  readonly argv: readonly string[];
  readonly exe: string;
  readonly cwd: string;
  readonly startedMs: number;
  /** What it has open or mapped below the application's root. */
  readonly touches: readonly string[];
}

/** An answer over HTTP; status 0: none came, `text` says why. Long answers have an empty `text`. */
export interface Answer {
  readonly status: number;
  readonly sha256: string;
  readonly text: string;
}

/** A folder of a release: SHA-256 by path, and when any of it was changed last. */
export interface Tree {
  readonly files: Readonly<Record<string, string>>;
  readonly changedMs: number;
}

/** A change that systemd ran; times in microseconds of the one kernel, `to` is `null` while it runs. */
export interface Change {
  readonly unit: string;
  /** What it was for, by systemd's description of it: `activate`, `restore`, … */
  readonly operation: string;
  readonly from: number;
  readonly to: number | null;
  readonly boot: string;
  /** Whether it was cut off or failed, by systemd; not by the end of its boot. */
  readonly failed: boolean;
}

/** The backend began to listen; `at` in the same microseconds. */
export interface Start {
  readonly boot: string;
  readonly at: number;
  readonly version: string;
}

/** What the database says; `null` where it could not be asked. */
export interface Database {
  readonly history: readonly { rank: number; version: string | null; success: boolean }[] | null;
  readonly written: readonly number[] | null;
  readonly sessions: readonly { name: string; state: string | null }[] | null;
}

/** All that one host says, as `host/main.py` prints it. */
export interface Facts {
  readonly processes: readonly Process[];
  /** Process ids by port. */
  readonly listeners: Readonly<Record<string, readonly number[]>>;
  readonly locks: readonly { pid: number; path: string; line: string }[];
  readonly units: readonly { name: string; active: string; sub: string }[];
  /** `components` by `<release>/<component>`; `others`: what is no folder of a whole release. */
  readonly releases: {
    readonly components: Readonly<Record<string, Tree>>;
    readonly others: readonly string[];
  };
  readonly scratch: readonly string[];
  /** By path, asked of the site and of the backend itself. */
  readonly site: Readonly<Record<string, Answer>>;
  readonly backend: Readonly<Record<string, Answer>>;
  readonly changes: readonly Change[];
  readonly starts: readonly Start[];
  readonly leakedFiles: readonly { path: string; mode: number; uid: number }[];
  readonly leakedInJournal: readonly string[];
  readonly leakedInArguments: readonly { pid: number; exe: string }[];
  readonly database: Database | null;
}
