import type { Invariant, Rest } from '../../chaos/checker/types.js';
import type { CampusLab } from './campus-lab.js';

/** Something wrong that is put in by hand. */
export interface Plant {
  readonly name: string;
  readonly put: (place: Place) => Promise<void>;
  /** What the checker is told of it, where that is another thing then. */
  readonly tell?: (place: Place) => Partial<Rest>;
  readonly undo?: (place: Place) => Promise<void>;
  /** Exactly what is to be found, in any order. */
  readonly finds: readonly (readonly [Invariant, string | null, RegExp])[];
}

/** Where it is put: a lab at rest, and what the checker is told of it. */
export interface Place {
  readonly campus: CampusLab;
  readonly rest: Rest;
  /** A value that is to be nowhere. */
  readonly secret: string;
  /** Runs a script as root on a host. @throws Error with what it said when it fails */
  readonly on: (host: string, script: string, input?: string) => Promise<void>;
}

/** What every script begins with: the folder of a release on the host, by its version. */
export const PRELUDE = `
set -e
AE=campus-production
STATE=/var/lib/safeguard/$AE
folder() { dirname "$(dirname "$(grep -lx "$1" /opt/$AE/releases/*/backend/version.txt)")"; }
answers() { for i in $(seq 100); do curl -sf -m 1 -o /dev/null http://127.0.0.1:8080/actuator/info && return; sleep 0.1; done; false; }
restart() { systemctl daemon-reload; systemctl restart $AE-backend.service; nginx -s reload; answers; settled; }
settled() { for i in $(seq 100); do pgrep -f 'nginx: worker process is shutting down' >/dev/null || return 0; sleep 0.05; done; false; }
`;

/** A plant of one host, put in and undone by scripts; `finds` is about that host. */
export function onHost(
  name: string,
  host: string,
  scripts: { readonly put: string; readonly undo: string },
  ...finds: (readonly [Invariant, RegExp])[]
): Plant {
  return {
    name,
    put: async ({ on }) => on(host, scripts.put),
    undo: async ({ on }) => on(host, scripts.undo),
    finds: finds.map(([invariant, what]) => [invariant, host, what] as const),
  };
}

/** A plant that only consists of what the checker is told. */
export function told(
  name: string,
  say: (rest: Rest) => Partial<Rest>,
  ...finds: (readonly [Invariant, RegExp])[]
): Plant {
  return {
    name,
    put: async () => Promise.resolve(),
    tell: ({ rest }) => say(rest),
    finds: finds.map(([invariant, what]) => [invariant, null, what] as const),
  };
}

/** The run of that number, counted from 0, has another status. */
export function withStatus({ runs }: Rest, which: number, status: string): Partial<Rest> {
  return { runs: runs.map((run, index) => (index === which ? { ...run, status } : run)) };
}
