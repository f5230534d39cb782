import { setFrozen } from './cgroup.js';
import { emptyDisk, fillDisk, mountAgain, unmountDisk } from './disk.js';
import { LabError } from './errors.js';
import { cutPower, hasPower, initPid, powerOn, runInHost, sshAnswers } from './guest.js';
import { hasImage, stopImage } from './image-disk.js';
import type { LabHost } from './layout.js';
import { setCable } from './network.js';
import { waitUntil } from './waiting.js';

type Act = (lab: string, host: LabHost) => Promise<void>;

async function reboot(lab: string, host: LabHost): Promise<void> {
  const before = await initPid(lab, host.name);
  const { exitCode, stderr } = await runInHost(lab, host.name, ['systemctl', 'reboot']);
  // The shutdown may take the command itself along; what counts is that the old boot ends.
  const isOver = async (): Promise<boolean> => (await initPid(lab, host.name)) !== before;
  await waitUntil(`${host.name} goes down for its reboot (systemctl: ${exitCode} ${stderr})`, isOver);
}

const WAIT_LIMIT_MS = 60_000;

async function wait(lab: string, host: LabHost): Promise<void> {
  await waitUntil(`sshd of ${host.name} answers`, () => sshAnswers(lab, host), WAIT_LIMIT_MS, 50);
}

// The cable goes first: a machine without power does not say goodbye, but this machine's kernel would, for every
// connection of a process that it ends.
async function losePower(lab: string, host: LabHost): Promise<void> {
  await setCable(lab, host.name, 'down');
  if (!hasImage(lab, host.name)) return cutPower(lab, host.name);
  // The disk goes next, before the host can write anything more; the host is killed when it can't do harm any more.
  if (await hasPower(lab, host.name)) await stopImage(lab, host.name);
  await cutPower(lab, host.name);
  await unmountDisk(lab, host.name);
}

async function start(lab: string, host: LabHost): Promise<void> {
  if (!(await hasPower(lab, host.name))) {
    await mountAgain(lab, host);
    await setCable(lab, host.name, 'up');
    await powerOn(lab, host.name);
  }
  await wait(lab, host);
}

const ACTS = {
  /** Everything on the host dies at once, and nobody is told; its disk stays, on ext4 without what was not synced. */
  'power-loss': losePower,
  /** Power and cable again; returns when sshd answers. Nothing happens to a host that has power. */
  start,
  /** Every process is stopped in its tracks; connections stay open and nothing answers. */
  pause: (lab, host) => setFrozen(lab, host.name, true),
  resume: (lab, host) => setFrozen(lab, host.name, false),
  /** The network cable is pulled: packets vanish, nobody is told. */
  cut: (lab, host) => setCable(lab, host.name, 'down'),
  heal: (lab, host) => setCable(lab, host.name, 'up'),
  /** An orderly reboot; returns when the old boot is over (`wait` for the new one). */
  reboot,
  /** Not one byte can be written any more. */
  'disk-full': (lab, host) => fillDisk(lab, host.name),
  'disk-free': (lab, host) => emptyDisk(lab, host.name),
  /** No fault: returns when sshd answers. */
  wait,
} satisfies Record<string, Act>;

/** What can happen to a host, and `wait`, which waits until its sshd answers. */
export type Fault = keyof typeof ACTS;

/** All faults by name. */
export const FAULTS = Object.keys(ACTS) as Fault[];

/** Reads a fault's name. Throws a `LabError` that lists them. */
export function parseFault(text: string): Fault {
  const fault = FAULTS.find((name) => name === text);
  if (fault === undefined) throw new LabError(`There is no fault "${text}". Known: ${FAULTS.join(', ')}`);
  return fault;
}

/** Makes a fault happen; returns when it has. */
export async function causeFault(lab: string, host: LabHost, fault: Fault): Promise<void> {
  await ACTS[fault](lab, host);
}
