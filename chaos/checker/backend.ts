import { answeredVersion, CAMPUS } from './application.js';
import type { Facts, Process } from './facts.js';
import { identify, nearest } from './same-files.js';
import type { BuiltRelease, Violation } from './types.js';
import { violation } from './violation.js';

// Clocks of the file system and of /proc are not the same one.
const CLOCK_MS = 2000;

/** A host as it is judged: its name, what it says, and what could be on it. */
export interface Judged {
  readonly host: string;
  /** `<application>-<environment>`. */
  readonly name: string;
  readonly facts: Facts;
  readonly releases: readonly BuiltRelease[];
}

/** What a judgement comes to: the version that serves, `null` for nothing or nobody knows. */
export interface Served {
  readonly version: string | null;
  readonly violations: readonly Violation[];
}

function shown({ pid, user, unit, argv, exe, cwd }: Process): object {
  return { pid, user, unit, argv, exe, cwd };
}

function folderOf(name: string, { cwd }: Process): string | null {
  return new RegExp(`^/opt/${name}/releases/([^/ ]+/backend)$`).exec(cwd)?.[1] ?? null;
}

/** Why a process is not what a release starts; empty when it is. */
function oddities(name: string, process: Process): string[] {
  const { argv, exe, cwd, unit } = process;
  const isStarted = CAMPUS.programs.some(
    ({ exe: wanted, before, file }) =>
      wanted.test(exe) && before.test(argv[argv.indexOf(`${cwd}/${file}`) - 1] ?? ''),
  );
  return [
    ...(folderOf(name, process) === null ? ['it does not run from a folder of a release'] : []),
    ...(isStarted ? [] : ['it does not run the program of its folder']),
    ...(unit === `${name}-backend.service` ? [] : ['it does not belong to the unit of the backend']),
  ];
}

/** Paths of a process that are no longer there; the kernel says so. */
export function deletedPaths({ exe, cwd, touches }: Process): string[] {
  return [exe, cwd, ...touches].filter((path) => path.endsWith(' (deleted)'));
}

function judgeFiles({ host, name, facts, releases }: Judged, process: Process): Served {
  const folder = folderOf(name, process) ?? '';
  const tree = facts.releases.components[folder];
  const built = identify(tree?.files ?? {}, releases, ({ backend }) => backend);
  if (!tree || !built) {
    // The folder itself is judged with all others.
    return { version: null, violations: [] };
  }
  if (tree.changedMs <= process.startedMs + CLOCK_MS) return { version: built.version, violations: [] };
  const evidence = { folder, changed: new Date(tree.changedMs), started: new Date(process.startedMs) };
  const what = 'Files of the backend were changed after the process started that runs from them';
  return { version: built.version, violations: [violation('I1', host, what, evidence)] };
}

function judgeAnswer({ host, facts }: Judged, version: string | null): Violation[] {
  const asked = { backend: facts.backend, site: facts.site };
  return Object.entries(asked).flatMap(([by, answers]) => {
    const answer = answers[CAMPUS.versionPath];
    const said = answer?.status === 200 ? answeredVersion(answer.text) : null;
    if (version === null || said === version) return [];
    const what = `The backend is ${version} by its files, and answers ${said ?? 'nothing'} at the port of the ${by}`;
    return [violation('I1', host, what, answer)];
  });
}

/** What listens on the backend's port, judged by what the process is, runs from and answers. */
export function judgeBackend(judged: Judged): Served {
  const { host, name, facts } = judged;
  const owners = facts.listeners[String(CAMPUS.backendPort)] ?? [];
  const listening = facts.processes.filter(({ pid }) => owners.includes(pid));
  const [process, ...others] = listening;
  if (!process) {
    const said = facts.backend[CAMPUS.versionPath];
    const strange = said !== undefined && said.status !== 0;
    const what = 'Something answers at the port of the backend, and no process of this host listens there';
    return { version: null, violations: strange ? [violation('I1', host, what, said)] : [] };
  }
  const second = others.map((one) =>
    violation('I1', host, 'More than one process listens on the port of the backend', shown(one)),
  );
  const deleted = deletedPaths(process);
  if (deleted.length > 0) {
    const what = 'The process that serves runs from files that were deleted';
    return {
      version: null,
      violations: [...second, violation('I1', host, what, { ...shown(process), deleted })],
    };
  }
  const odd = oddities(name, process);
  if (odd.length > 0) {
    const what = `The process that listens on the port of the backend is not what a release starts: ${odd.join(', ')}`;
    return { version: null, violations: [...second, violation('I1', host, what, shown(process))] };
  }
  const { version, violations } = judgeFiles(judged, process);
  return { version, violations: [...second, ...violations, ...judgeAnswer(judged, version)] };
}

function isOf(process: Process, ancestors: readonly number[], all: readonly Process[]): boolean {
  if (ancestors.includes(process.pid)) return true;
  const parent = all.find(({ pid }) => pid === process.parent);
  return parent !== undefined && isOf(parent, ancestors, all);
}

/** Processes of the application beside the one that serves. */
export function judgeOthers({ host, name, facts }: Judged): Violation[] {
  const { processes, listeners } = facts;
  const serving = listeners[String(CAMPUS.backendPort)] ?? [];
  const own = processes.find(({ pid }) => serving.includes(pid));
  const root = `/opt/${name}/`;
  return processes
    .filter((process) => !isOf(process, serving, processes) && process.exe !== '/usr/sbin/nginx')
    .flatMap((process) => {
      const { cwd, exe, argv, touches, user } = process;
      const places = [cwd, exe, ...argv, ...touches].filter((path) => path.includes(root));
      const isUsers = own !== undefined && own.user !== 'root' && user === own.user;
      if (places.length === 0 && !isUsers) return [];
      const elsewhere = places.some((path) => own === undefined || !path.startsWith(own.cwd));
      const what =
        places.length > 0 && elsewhere
          ? "A process runs from another release's folder than the backend that serves"
          : 'A second process of the backend runs';
      return [violation('I1', host, what, shown(process))];
    });
}

/** What differs in a folder from all that was ever built. */
export function judgeFolders({ host, facts, releases }: Judged): Violation[] {
  return Object.entries(facts.releases.components).flatMap(([path, { files }]) => {
    const isSite = path.endsWith('/frontend');
    const filesOf = ({ backend, frontend }: BuiltRelease): Readonly<Record<string, string>> =>
      isSite ? frontend : backend;
    if (identify(files, releases, filesOf)) return [];
    const like = nearest(files, releases, filesOf);
    const what = `The folder ${path} has not the bytes of any release that was built`;
    return [violation('I1', host, what, { nearest: like.version, differs: like.paths })];
  });
}
