import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hostCgroups, killCgroup, thaw } from './cgroup.js';
import { LabError } from './errors.js';
import { execute, type Completed, type ExecuteOptions } from './execute.js';
import { REPOSITORY, hostNamespace, hostPaths, labNamespace, machineName, type LabHost } from './layout.js';
import { enterNamespace } from './network.js';
import { enterOutside } from './outside.js';
import { childrenOf, endProcess, findProcesses, isRunning, readPid, signalProcess } from './processes.js';
import { waitUntil } from './waiting.js';

const BOOT_LOOP = join(REPOSITORY, 'lab/boot-loop.sh');
const GUEST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// $0 is the address: sshd says "SSH-" first. Opening alone is not enough: the kernel does that for a stuck sshd too.
const SSH_ANSWERS = 'exec 3<>"/dev/tcp/$0/22" && read -r -n 4 -t 1 -u 3 banner && [ "$banner" = SSH- ]';

async function loopPid(lab: string, host: string): Promise<number | undefined> {
  const paths = hostPaths(lab, host);
  const pid = await readPid(paths.loopPid);
  return pid !== undefined && (await isRunning(pid, paths.directory)) ? pid : undefined;
}

/** Whether the host has power: its boot loop runs, be the guest booting, up or paused. */
export async function hasPower(lab: string, host: string): Promise<boolean> {
  return (await loopPid(lab, host)) !== undefined;
}

/** The process id of the host's init, as this machine sees it; `undefined` while it is off. */
export async function initPid(lab: string, host: string): Promise<number | undefined> {
  const paths = hostPaths(lab, host);
  const nspawn = await readPid(paths.nspawnPid);
  if (nspawn === undefined || !(await isRunning(nspawn, paths.root))) return undefined;
  return (await childrenOf(nspawn))[0];
}

/** Switches a host on; returns when its init runs. Does nothing when it has power. */
export async function powerOn(lab: string, host: string): Promise<void> {
  if (await hasPower(lab, host)) return;
  const paths = hostPaths(lab, host);
  const log = await open(paths.log, 'a');
  const script = [BOOT_LOOP, paths.directory, machineName(lab, host), host];
  const [file = '', ...args] = [
    ...enterOutside(),
    'bash',
    ...script,
    hostNamespace(lab, host),
    ...hostCgroups(lab, host),
  ];
  const loop = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/' });
  await new Promise((resolve, reject) => loop.once('spawn', resolve).once('error', reject));
  loop.unref();
  await log.close();
  const pidFile = await open(paths.loopPid, 'w');
  await pidFile.writeFile(String(loop.pid));
  await pidFile.close();
  await waitUntil(`${host} boots (see ${paths.log})`, async () => (await initPid(lab, host)) !== undefined);
}

async function isOff(lab: string, host: string): Promise<boolean> {
  return !(await hasPower(lab, host));
}

/** Cuts a host's power: everything on it dies at once. Its disk stays. */
export async function cutPower(lab: string, host: string): Promise<void> {
  const init = await initPid(lab, host);
  if (init !== undefined) signalProcess(init, 'SIGKILL');
  else await killCgroup(lab, host);
  // A paused host is dead too now, but its nspawn is paused with it and has to notice; so has the next boot.
  await thaw(lab, host);
  await waitUntil(`${host} is off`, () => isOff(lab, host));
}

/** Shuts a host down in order; returns when it is off. For one that is fully up. */
export async function powerOff(lab: string, host: string): Promise<void> {
  const nspawn = await readPid(hostPaths(lab, host).nspawnPid);
  if (nspawn !== undefined && (await isRunning(nspawn, hostPaths(lab, host).root)))
    signalProcess(nspawn, 'SIGTERM');
  await waitUntil(`${host} is off`, () => isOff(lab, host));
}

/**
 * Ends every process of a host for good, whatever state it is in; also a boot that nobody knows of because its
 * starter died first. Repeats itself, since a boot loop may start something between the look and the kill.
 */
export async function endHost(lab: string, host: string): Promise<void> {
  const { directory } = hostPaths(lab, host);
  await waitUntil(`every process of ${host} has ended`, async () => {
    const loops = await findProcesses(BOOT_LOOP, directory);
    await Promise.all(loops.map((pid) => endProcess(pid, directory)));
    await killCgroup(lab, host);
    return loops.length === 0;
  });
}

/** Whether the host's sshd answers, seen from inside the lab. */
export async function sshAnswers(lab: string, host: LabHost): Promise<boolean> {
  const argv = [...enterNamespace(labNamespace(lab)), 'bash', '-c', SSH_ANSWERS, host.address];
  return (await execute(argv, { timeoutMs: 2000 })).exitCode === 0;
}

/** The command that runs `argv` as root inside the host, without its sshd. Throws when the host is off. */
export async function enterHost(lab: string, host: string, argv: readonly string[]): Promise<string[]> {
  const init = await initPid(lab, host);
  if (init === undefined)
    throw new LabError(`${host} is off. Start it: npm run lab -- fault ${host} start --name ${lab}`);
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
  const environment = ['env', '-i', `PATH=${GUEST_PATH}`, 'HOME=/root', 'LANG=C.UTF-8'];
  return ['nsenter', '--target', String(init), ...namespaces, ...environment, ...argv];
}

/** Runs `argv` as root inside the host, without its sshd. */
export async function runInHost(
  lab: string,
  host: string,
  argv: readonly string[],
  options: ExecuteOptions = {},
): Promise<Completed> {
  return execute(await enterHost(lab, host, argv), options);
}
