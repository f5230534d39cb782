import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { REPOSITORY, labDirectory, labNamespace } from './layout.js';
import { enterNamespace } from './network.js';
import { enterOutside } from './outside.js';
import { endProcess, findProcesses, isRunning } from './processes.js';

/** A loopback port of this machine that leads to `target` (`address:port`) inside the lab. */
export interface Forward {
  readonly name: string;
  readonly port: number;
  readonly target: string;
  /** The two processes: outside, inside. */
  readonly pids: readonly [number, number];
}

const NAME = /^[a-z][a-z0-9-]{0,29}$/;
const PROGRAM = join(REPOSITORY, 'dist/lab/forwarder.js');

function directoryOf(lab: string): string {
  return join(labDirectory(lab), 'forwards');
}

interface Half {
  readonly pid: number;
  readonly port: number;
}

async function startHalf(
  prefix: readonly string[],
  from: string,
  to: string,
  logFile: string,
): Promise<Half> {
  const log = await open(logFile, 'a');
  const [file = process.execPath, ...args]: string[] = [...prefix, process.execPath, PROGRAM, from, to];
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd, 'ipc'], cwd: '/' });
  await log.close();
  const said = await new Promise<{ port?: number; error?: string }>((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new LabError(`A forwarder ended with ${String(code)}; see ${logFile}`)),
    );
  });
  child.removeAllListeners('exit');
  child.unref();
  if (said.port === undefined || child.pid === undefined) {
    throw new LabError(`Could not listen at ${from}: ${said.error ?? 'unknown reason'}`);
  }
  return { pid: child.pid, port: said.port };
}

/** All forwards of a lab whose processes run. */
export async function listForwards(lab: string): Promise<Forward[]> {
  const directory = directoryOf(lab);
  if (!existsSync(directory)) return [];
  const files = (await readdir(directory)).filter((file) => file.endsWith('.json'));
  const forwards = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(directory, file), 'utf8')) as Forward),
  );
  const alive = await Promise.all(forwards.map(({ pids: [outside] }) => isRunning(outside, directory)));
  return forwards.filter((_, index) => alive[index]);
}

/**
 * Makes 127.0.0.1:`port` lead to `target` inside the lab, until the lab goes down. Port 0 takes a free one. Doing the
 * same again returns the forward that is there. Throws a `LabError` when the port or the name is in use otherwise.
 */
export async function startForward(
  lab: string,
  name: string,
  port: number,
  target: string,
): Promise<Forward> {
  if (!NAME.test(name))
    throw new LabError(`"${name}" cannot be a forward's name: small letters, digits and "-"`);
  if (!/^[^:]+:\d+$/.test(target)) throw new LabError(`"${target}" is no target: give ADDRESS:PORT`);
  if (!existsSync(PROGRAM)) throw new LabError(`${PROGRAM} is missing. Run "npm run build".`);
  const present = (await listForwards(lab)).find((forward) => forward.name === name);
  if (present?.target === target && (port === 0 || present.port === port)) return present;
  if (present)
    throw new LabError(`The forward ${name} exists already: 127.0.0.1:${present.port} → ${present.target}`);
  return makeForward(lab, name, port, target);
}

async function makeForward(lab: string, name: string, port: number, target: string): Promise<Forward> {
  const directory = directoryOf(lab);
  const socket = join(directory, `${name}.sock`);
  const log = join(directory, `${name}.log`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(socket, { force: true });
  const inside = await startHalf(enterNamespace(labNamespace(lab)), socket, target, log);
  try {
    const outside = await startHalf(enterOutside(), `127.0.0.1:${port}`, socket, log);
    const forward: Forward = { name, port: outside.port, target, pids: [outside.pid, inside.pid] };
    await writeFile(join(directory, `${name}.json`), JSON.stringify(forward));
    return forward;
  } catch (error) {
    await endProcess(inside.pid, socket);
    throw error;
  }
}

/** Ends every forward of a lab, also one that was only half made. */
export async function endForwards(lab: string): Promise<void> {
  const directory = directoryOf(lab);
  const pids = await findProcesses(PROGRAM, directory);
  await Promise.all(pids.map((pid) => endProcess(pid, directory)));
}
