import type { AnsibleRequest } from '../adapters/ansible/program.js';
import type { HostCallOptions } from '../adapters/host-program.js';
import type { EnvironmentConfig } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import type { ChangeResult } from '../domain/host-protocol.js';
import type { Release } from '../domain/release.js';
import { ansibleHost, isByAnsible, isPlayToCome, playbookVars } from './by-ansible.js';
import type { Dependencies } from './dependencies.js';
import { addressed, options, type OnHost, type Timed } from './on-host.js';
import { withPulse } from './pulse.js';
import { untilReady } from './ready.js';

/** Puts one component in place and waits until it is ready. */
export async function activate(
  dependencies: Dependencies,
  call: OnHost &
    Timed & { readonly release: Release; readonly component: string; readonly leaseSeconds: number },
): Promise<{ downtimeMs: number }> {
  return withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const { release, component } = call;
    const part = release.components.find(({ name }) => name === component);
    if (!part)
      throw new SafeguardError('INTERNAL', `Release ${release.version} has no component ${component}.`);
    const asked = {
      ...request,
      operation: 'activate',
      digest: release.digest,
      component,
      lease: call.leaseSeconds,
    } as const;
    const how = options(pulse, call.timeoutSeconds);
    const result = isByAnsible(environment, component)
      ? await activateByAnsible(dependencies, environment, call, asked, how)
      : await dependencies.program.change(target, asked, how);
    await untilReady(dependencies, target, part, pulse, environment);
    return { downtimeMs: result.downtimeMs ?? 0 };
  });
}

/** By the team's own playbook, where the component names one. */
async function activateByAnsible(
  { ansible }: Dependencies,
  environment: EnvironmentConfig,
  {
    application,
    environment: name,
    host,
    release,
    component,
  }: OnHost & {
    readonly release: Release;
    readonly component: string;
  },
  asked: AnsibleRequest,
  how: HostCallOptions,
): Promise<ChangeResult> {
  const at = ansibleHost(environment, host);
  const playbook = environment.components[component]?.playbook;
  if (playbook !== undefined) {
    const vars = playbookVars({ application, environment: name }, component, release);
    return ansible.own(at, { playbook, vars }, asked, how);
  }
  const names = release.components.map((part) => part.name);
  const isMoreToCome = isPlayToCome(environment, names.slice(names.indexOf(component) + 1));
  const [answer] = await ansible.requests(at, [asked], {}, { ...how, isMoreToCome });
  return answer ?? { changed: false };
}
