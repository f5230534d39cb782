import { readdirSync, readFileSync } from 'node:fs';

/** A process of this machine, or of a lab's host on it. `words` is its command line. */
export interface RunningProcess {
  readonly pid: number;
  readonly words: readonly string[];
}

const HOST_PROGRAM = '/usr/local/sbin/safeguard-host';
const IDLE_HOST_PROGRAM = 'safeguard-stay';
const FLYWAY = 'org.flywaydb.commandline.Main';

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

/** All processes at one moment; at once, because what is looked for may live for a tenth of a second. */
function running(): RunningProcess[] {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return pids.map((pid) => ({ pid, words: read(pid, 'cmdline').split('\0') }));
}

function parentOf(pid: number): number {
  // After the name in brackets, which may hold anything: the state and the parent.
  return Number(read(pid, 'stat').split(') ').at(-1)?.split(' ')[1]);
}

function isHostProgram({ pid, words }: RunningProcess, cgroupPrefix: string): boolean {
  if (words[0]?.includes('python') !== true || !words.includes(HOST_PROGRAM)) return false;
  // One that stays for the next call does nothing; what it is asked for is done by a child.
  if (read(pid, 'comm').trim() === IDLE_HOST_PROGRAM) return false;
  return read(pid, 'cgroup').includes(cgroupPrefix);
}

/** Processes of the host program on one host of a lab, or on all of them; no host has to answer for that. */
export function hostPrograms(lab: string, host?: string): RunningProcess[] {
  const prefix = `/sg-${lab}.${host === undefined ? '' : `${host}/`}`;
  return running().filter((one) => isHostProgram(one, prefix));
}

/** What works for a step beside the workers: the host program on any host of the lab, and Flyway that a worker has started. */
export function children(lab: string, workers: readonly number[]): RunningProcess[] {
  const isFlyway = ({ pid, words }: RunningProcess): boolean =>
    words.includes(FLYWAY) && workers.includes(parentOf(pid));
  // Who watches a lease goes on from one step to the next, and is nobody's child.
  const isChild = (one: RunningProcess): boolean =>
    isHostProgram(one, `/sg-${lab}.`) && !one.words.includes('lease');
  return running().filter((one) => isFlyway(one) || isChild(one));
}

function isBelow(pid: number, ancestors: readonly number[]): boolean {
  const parent = parentOf(pid);
  return parent > 1 && (ancestors.includes(parent) || isBelow(parent, ancestors));
}

/** Ansible at work for workers: the play itself, what it forks, and its ssh. One that waits for what to carry out has forked nothing. */
export function plays(workers: readonly number[]): RunningProcess[] {
  const isPlay = ({ words }: RunningProcess): boolean =>
    words.some((word) => word.endsWith('/ansible-playbook')) || words[0] === 'ssh';
  const all = running().filter((one) => isPlay(one) && isBelow(one.pid, workers));
  const related = all.map(({ pid }) => ({ pid, parent: parentOf(pid) }));
  const atWork = new Set(
    related.flatMap(({ pid, parent }) => (all.some((one) => one.pid === parent) ? [pid, parent] : [])),
  );
  return all.filter(({ pid }) => atWork.has(pid));
}

/** Whether sshd of some host of a lab has a session, even one whose other side is gone. */
export function hasVisitors(lab: string): boolean {
  return running().some(
    ({ pid, words }) =>
      /^sshd: (?!.*listener)/.test(words[0] ?? '') && read(pid, 'cgroup').includes(`/sg-${lab}.`),
  );
}
