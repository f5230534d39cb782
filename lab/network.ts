import { existsSync } from 'node:fs';
import { LabError } from './errors.js';
import { execute, must } from './execute.js';
import {
  gatewayAddress,
  hostNamespace,
  labNamespace,
  subnet,
  type LabHost,
  type LabRecord,
} from './layout.js';
import { enterOutside } from './outside.js';

const BRIDGE = 'br0';
/** What a host calls its only network interface. */
const HOST_INTERFACE = 'host0';

function namespaceFile(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/**
 * Puts a command into a network namespace. Not `ip netns exec`: that hides /sys/fs/cgroup, and faults could not
 * be driven from inside.
 */
export function enterNamespace(namespace: string): string[] {
  return ['nsenter', `--net=${namespaceFile(namespace)}`];
}

async function batch(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await must(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function batchInside(namespace: string, lines: readonly string[]): Promise<void> {
  if (lines.length > 0)
    await must(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** The machine's own routes into a lab's network, the guard route included; empty when there are none. */
export async function rootNamespaceRoutes(slot: number): Promise<string> {
  return must([...enterOutside(), 'ip', '-4', 'route', 'show', 'root', subnet(slot)]);
}

/** Makes sure that no packet for the lab's network ever leaves by the machine's own uplink. */
export async function raiseGuard(slot: number): Promise<void> {
  await must([...enterOutside(), 'ip', 'route', 'replace', 'unreachable', subnet(slot)]);
}

/** Takes the guard route away; it may be gone already. */
export async function dropGuard(slot: number): Promise<void> {
  const routes = await rootNamespaceRoutes(slot);
  if (routes.includes('unreachable'))
    await must([...enterOutside(), 'ip', 'route', 'del', 'unreachable', subnet(slot)]);
}

/** The lab's namespaces that exist: its own and its hosts'. */
export async function existingNamespaces(lab: string): Promise<string[]> {
  const text = await must(['ip', 'netns', 'list']);
  const names = text.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => name === labNamespace(lab) || name.startsWith(hostNamespace(lab, '')));
}

/** Removes namespaces with every interface in them. */
export async function removeNamespaces(namespaces: readonly string[]): Promise<void> {
  await batch(namespaces.map((name) => `netns del ${name}`));
}

function hostLines(record: LabRecord, host: LabHost): string[] {
  const peer = `${HOST_INTERFACE} netns ${hostNamespace(record.name, host.name)}`;
  return [`link add ${host.name} type veth peer name ${peer}`, `link set ${host.name} master ${BRIDGE} up`];
}

/** Makes what is missing of a lab's network: its namespace with a bridge, and a namespace with a cable for each host. */
export async function raiseNetwork(record: LabRecord): Promise<void> {
  const present = new Set(await existingNamespaces(record.name));
  const namespace = labNamespace(record.name);
  const hosts = record.hosts.filter((host) => !present.has(hostNamespace(record.name, host.name)));
  const isNew = !present.has(namespace);
  const wanted = [
    ...(isNew ? [namespace] : []),
    ...hosts.map((host) => hostNamespace(record.name, host.name)),
  ];
  await batch(wanted.map((name) => `netns add ${name}`));
  const bridge = [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${gatewayAddress(record.slot)}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ];
  await batchInside(namespace, [
    ...(isNew ? bridge : []),
    ...hosts.flatMap((host) => hostLines(record, host)),
  ]);
  await Promise.all(
    hosts.map((host) =>
      batchInside(hostNamespace(record.name, host.name), [
        'link set lo up',
        `addr add ${host.address}/24 dev ${HOST_INTERFACE}`,
        `link set ${HOST_INTERFACE} up`,
      ]),
    ),
  );
}

/** Pulls a host's network cable (`down`) or puts it back (`up`). */
export async function setCable(lab: string, host: string, state: 'up' | 'down'): Promise<void> {
  await must(['ip', '-n', labNamespace(lab), 'link', 'set', host, state]);
}

/** Whether a host's network cable is pulled. */
export async function isCut(lab: string, host: string): Promise<boolean> {
  const text = await must(['ip', '-n', labNamespace(lab), '-j', 'link', 'show', host]);
  const [link] = JSON.parse(text) as { flags: string[] }[];
  return link?.flags.includes('UP') !== true;
}

/** Throws a `LabError` unless nothing that is meant for the lab can leave this machine. */
export async function assertNetworkContained(record: LabRecord): Promise<void> {
  const namespace = labNamespace(record.name);
  const repair = `Run "npm run lab -- up --name ${record.name}".`;
  if (!existsSync(namespaceFile(namespace)))
    throw new LabError(`The network namespace ${namespace} is missing. ${repair}`);
  const routes = (await rootNamespaceRoutes(record.slot)).split('\n').filter(Boolean);
  if (!routes.some((route) => route.startsWith(`unreachable ${subnet(record.slot)}`))) {
    throw new LabError(`The guard route for ${subnet(record.slot)} is missing. ${repair}`);
  }
  for (const family of ['-4', '-6']) {
    const { stdout } = await execute(['ip', '-n', namespace, family, 'route', 'show', 'default']);
    if (stdout !== '')
      throw new LabError(
        `The namespace ${namespace} has a way out (${stdout}): take its default route away.`,
      );
  }
}
