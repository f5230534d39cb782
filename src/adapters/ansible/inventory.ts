import { z } from 'zod';
import { SafeguardError } from '../../domain/errors.js';
import type { HostRef } from '../../domain/plan.js';
import type { Ansible } from './ansible.js';

const listed = z
  .object({
    _meta: z.object({
      hostvars: z
        .record(
          z.string(),
          z
            .object({ ansible_host: z.unknown(), ansible_port: z.unknown(), ansible_connection: z.unknown() })
            .partial(),
        )
        .default({}),
    }),
  })
  .catchall(
    z.object({ hosts: z.array(z.string()).default([]), children: z.array(z.string()).default([]) }).partial(),
  );

type Listed = z.output<typeof listed>;

/**
 * Names of the one way in which a play is to reach a host. By another it would change something else than safeguard looks at: by `local`
 * the runner itself. The play can't just be told `ssh`, or a task that is delegated to the runner would not find it.
 */
const CONNECTIONS: readonly unknown[] = ['ssh', 'smart', 'ansible.builtin.ssh'];

/** What may stand in plans, unit titles and messages. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const ADDRESS = /^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$/;

function invalid(file: string, what: string, cause?: unknown): SafeguardError {
  return new SafeguardError('INVENTORY_INVALID', `${file}: ${what}`, { cause });
}

/** Names of a group's hosts and of its children's, each once, in the inventory's order. */
function members(inventory: Listed, group: string, seen = new Set<string>()): string[] {
  const found = inventory[group];
  if (!found || !('hosts' in found || 'children' in found) || seen.has(group)) return [];
  seen.add(group);
  const below = (found.children ?? []).flatMap((child) => members(inventory, child, seen));
  return [...new Set([...(found.hosts ?? []), ...below])];
}

function hostOf(file: string, { _meta }: Listed, name: string): HostRef {
  const {
    ansible_host: address = name,
    ansible_port: port = 22,
    ansible_connection: connection = 'ssh',
  } = _meta.hostvars[name] ?? {};
  if (!NAME.test(name))
    throw invalid(file, `the host's name ${JSON.stringify(name)} is not one to be used here`);
  if (typeof address !== 'string' || !ADDRESS.test(address))
    throw invalid(file, `ansible_host of ${name} is ${JSON.stringify(address)}, and not an address`);
  if (!CONNECTIONS.includes(connection))
    throw invalid(
      file,
      `ansible_connection of ${name} is ${JSON.stringify(connection)}, and hosts are reached by ssh only`,
    );
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw invalid(file, `ansible_port of ${name} is ${JSON.stringify(port)}, and not a port`);
  return { name, address, port: number };
}

/**
 * Reads what `ansible-inventory --list` printed: the hosts of a group, by their `ansible_host` and `ansible_port`.
 * @throws SafeguardError INVENTORY_INVALID
 */
export function hostsOfInventory(file: string, text: string, group: string): HostRef[] {
  const parsed = listed.safeParse(parseJson(file, text));
  if (!parsed.success)
    throw invalid(file, `ansible-inventory printed something else: ${parsed.error.message}`);
  const names = members(parsed.data, group);
  if (names.length > 0) return names.map((name) => hostOf(file, parsed.data, name));
  const groups = Object.keys(parsed.data).filter((name) => name !== '_meta');
  throw invalid(file, `the group ${group} has no hosts; its groups: ${groups.join(', ') || 'none'}`);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw invalid(file, `ansible-inventory printed no JSON: ${text.slice(0, 200)}`, cause);
  }
}

/**
 * The hosts of an inventory's group.
 * @throws SafeguardError INVENTORY_INVALID, ANSIBLE_MISSING
 */
export async function readInventory(
  ansible: Ansible,
  { file, group }: { readonly file: string; readonly group: string },
  signal?: AbortSignal,
): Promise<HostRef[]> {
  const { exitCode, stdout, stderr } = await ansible.inventory(file, signal);
  // What can't be parsed is a warning to Ansible, and an inventory without hosts to everybody else.
  if (exitCode !== 0) throw invalid(file, stderr.trim().slice(-1_000));
  try {
    return hostsOfInventory(file, stdout, group);
  } catch (cause) {
    if (stderr.trim() === '' || !(cause instanceof SafeguardError)) throw cause;
    throw invalid(file, `${cause.message}. Ansible says: ${stderr.trim().slice(-1_000)}`, cause);
  }
}
