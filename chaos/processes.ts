import { readdir, readFile } from 'node:fs/promises';

/** A process of this machine. `words` is its command line. */
export interface RunningProcess {
  readonly pid: number;
  readonly words: readonly string[];
}

async function read(pid: string, file: string): Promise<string> {
  // It may have ended since it was listed.
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}

/** Processes whose command line has the word in it. */
async function withWord(word: string): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => ({ pid: Number(pid), words: (await read(pid, 'cmdline')).split('\0') })),
  );
  return all.filter(({ words }) => words.includes(word));
}

/** Processes of the host program on a lab's host, seen from this machine: it does not have to answer for that. */
export async function hostPrograms(lab: string, host: string): Promise<RunningProcess[]> {
  const found = await withWord('/usr/local/sbin/safeguard-host');
  const cgroups = await Promise.all(found.map(({ pid }) => read(String(pid), 'cgroup')));
  return found.filter(
    ({ words }, index) =>
      words[0]?.includes('python') === true && cgroups[index]?.includes(`sg-${lab}.${host}/`) === true,
  );
}

/** Flyway processes that these workers have started. */
export async function flyways(workers: readonly number[]): Promise<RunningProcess[]> {
  const found = await withWord('org.flywaydb.commandline.Main');
  const states = await Promise.all(found.map(({ pid }) => read(String(pid), 'stat')));
  // After the name in brackets, which may hold anything: the state and the parent.
  return found.filter((_, index) =>
    workers.includes(Number(states[index]?.split(') ').at(-1)?.split(' ')[1])),
  );
}
