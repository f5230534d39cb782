import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AnsibleHost, AnsibleRequest } from '../adapters/ansible/program.js';
import { artifactPath, type ResolvedRelease } from '../adapters/release-directory.js';
import { readSecret } from '../adapters/secrets.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { Json } from '../domain/canonical-json.js';
import { SafeguardError } from '../domain/errors.js';
import type { StageRequest } from '../domain/host-protocol.js';
import type { HostRef, OwnFile, PlayedBy } from '../domain/plan.js';
import { targetOf, type Where } from './dependencies.js';

/** How Ansible reaches a host of an environment. */
export function ansibleHost(environment: EnvironmentConfig, host: HostRef): AnsibleHost {
  return { target: targetOf(environment, host), inventory: environment.inventory?.file ?? null };
}

/** Whether a component is carried out by Ansible. */
export function isByAnsible({ components }: EnvironmentConfig, component: string): boolean {
  return components[component]?.transport === 'ansible';
}

/** Whether safeguard itself is about to put one of these in place by Ansible: by no playbook of the team's own. */
export function isPlayToCome(environment: EnvironmentConfig, names: readonly string[]): boolean {
  const { components } = environment;
  return names.some((name) => isByAnsible(environment, name) && components[name]?.playbook === undefined);
}

async function ownFile(path: string, what: string): Promise<OwnFile> {
  try {
    return {
      path,
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    };
  } catch (cause) {
    throw new SafeguardError('CONFIG_INVALID', `${what} ${path} can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * The components that Ansible carries out, with the playbooks as they are now.
 * @throws SafeguardError CONFIG_INVALID for the first that can't be read, in the order of the configuration
 */
export async function playedBy({ components }: EnvironmentConfig): Promise<Record<string, PlayedBy>> {
  const played: Record<string, PlayedBy> = {};
  for (const [name, { transport, playbook, undo_playbook: undo }] of Object.entries(components)) {
    if (transport !== 'ansible') continue;
    played[name] = {
      transport,
      ...(playbook === undefined ? {} : { playbook: await ownFile(playbook, `components.${name}.playbook`) }),
      ...(undo === undefined ? {} : { undo: await ownFile(undo, `components.${name}.undo_playbook`) }),
    };
  }
  return played;
}

/** What every request begins with. */
type Addressed = Pick<StageRequest, 'application' | 'environment' | 'token'>;

/** The request that stages a component; its secrets go another way. */
export function stageRequest(
  request: Addressed,
  resolved: ResolvedRelease,
  component: string,
): AnsibleRequest {
  const { manifest, release } = resolved;
  return {
    ...request,
    operation: 'stage',
    manifest,
    digest: release.digest,
    component,
    archive: artifactPath(resolved, component),
  };
}

/** The secrets of a component, read where they are sent. */
export function secretsOf({ components }: EnvironmentConfig, component: string): Record<string, string> {
  const section = components[component];
  const references = section?.kind === 'systemd' ? Object.entries(section.secrets) : [];
  return Object.fromEntries(references.map(([name, reference]) => [name, readSecret(reference, name)]));
}

/** What a team's own playbook is told beside `safeguard_request`. `version`: the release that the host is brought to. */
export function playbookVars(
  { application, environment }: Where,
  component: string,
  release: { readonly version: string; readonly digest: string } | null,
): Record<string, Json> {
  return {
    safeguard_application: application,
    safeguard_environment: environment,
    safeguard_component: component,
    safeguard_version: release?.version ?? null,
    safeguard_digest: release?.digest ?? null,
  };
}
