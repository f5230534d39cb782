import { readFile, readdir } from 'node:fs/promises';
import { LabError } from './errors.js';
import { waitUntil } from './waiting.js';

/**
 * Whether the process `pid` is alive and is the one we mean: its command line has to contain `marker` (a path of
 * the lab), so that a process id that was given to another program in the meantime is left alone.
 */
export async function isRunning(pid: number, marker: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').some((argument) => argument.includes(marker));
}

/**
 * The processes that run `program` (a path) and name something in `directory` on their command line: what a lab
 * started and did not live to write down.
 */
export async function findProcesses(program: string, directory: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const matches = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const words = text.split('\0');
      return (
        words.includes(program) &&
        words.some((word) => word === directory || word.startsWith(`${directory}/`))
      );
    }),
  );
  return pids.filter((_, index) => matches[index]);
}

/** The process ids of the children of `pid`; empty when it is gone. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** A process id from a file; `undefined` when there is none. */
export async function readPid(file: string): Promise<number | undefined> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** Sends a signal; false when the process was gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw new LabError(`Could not send ${signal} to process ${pid}`, { cause: error });
  }
}

/** Ends a process that carries `marker`: SIGTERM, then SIGKILL after `graceMs`. Returns when it is gone. */
export async function endProcess(pid: number, marker: string, graceMs = 2000): Promise<void> {
  if (!(await isRunning(pid, marker))) return;
  signalProcess(pid, 'SIGTERM');
  const gone = async (): Promise<boolean> => !(await isRunning(pid, marker));
  try {
    await waitUntil(`process ${pid} ends`, gone, graceMs);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    signalProcess(pid, 'SIGKILL');
    await waitUntil(`process ${pid} is gone`, gone);
  }
}
