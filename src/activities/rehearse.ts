import type { EnvironmentConfig } from '../config/load.js';
import { resolveExactly, type ResolvedRelease } from '../adapters/release-directory.js';
import type { AnsibleRequest } from '../adapters/ansible/program.js';
import type { HostCallOptions } from '../adapters/host-program.js';
import type { ChangeResult, FencingToken, HostInspection } from '../domain/host-protocol.js';
import type { HostRef } from '../domain/plan.js';
import type { Rehearsed } from '../domain/rehearsal.js';
import type { Release } from '../domain/release.js';
import { ansibleHost, playbookVars, secretsOf, stageRequest } from './by-ansible.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import { options } from './on-host.js';
import { withPulse } from './pulse.js';

const SENTENCES = 50;
const LEASE_SECONDS = 60;

interface Rehearsal extends Where {
  readonly host: HostRef;
  readonly release: Release;
  /** Names of those that Ansible carries out. */
  readonly components: readonly string[];
  readonly deploymentId: string;
  readonly timeoutSeconds: number;
}

/** One that the host would accept; in check mode it is compared, and not kept. */
function tokenAfter({ token }: HostInspection, run: string): FencingToken {
  const incarnation = token?.incarnation ?? 'rehearsal';
  return { incarnation, epoch: (token?.epoch ?? 0) + 1, run, step: 1, try: 1, attempt: 1 };
}

function sentences(answers: readonly ChangeResult[]): string[] {
  return answers.flatMap(({ would = [] }) => would).slice(0, SENTENCES);
}

/** The requests of one component, as a deployment would make them. */
function requestsOf(
  request: Pick<AnsibleRequest, 'application' | 'environment' | 'token'>,
  resolved: ResolvedRelease,
  component: string,
): { readonly staging: AnsibleRequest; readonly activation: AnsibleRequest } {
  const { digest } = resolved.release;
  return {
    staging: stageRequest(request, resolved, component),
    activation: { ...request, operation: 'activate', digest, component, lease: LEASE_SECONDS },
  };
}

/** As {@link rehearseOn}, as an activity. */
export async function rehearse(dependencies: Dependencies, call: Rehearsal): Promise<Rehearsed> {
  return withPulse((pulse) =>
    rehearseOn(dependencies, configured(dependencies, call), call, options(pulse, call.timeoutSeconds)),
  );
}

/** Goes through the components of one host that Ansible carries out in its check mode, and answers what would be done. Changes nothing. */
export async function rehearseOn(
  dependencies: Dependencies,
  environment: EnvironmentConfig,
  {
    host,
    release,
    components,
    deploymentId,
  }: Pick<Rehearsal, 'host' | 'release' | 'components' | 'deploymentId'>,
  how: HostCallOptions,
): Promise<Rehearsed> {
  const resolved = await resolveExactly(environment, release);
  const where = { application: environment.application, environment: environment.name };
  const seen = await dependencies.program.inspect(targetOf(environment, host), where, how);
  const request = { ...where, token: tokenAfter(seen, deploymentId) };
  const would: Record<string, readonly string[]> = {};
  for (const component of components) {
    const asked = requestsOf(request, resolved, component);
    would[component] = sentences(
      await played(dependencies, environment, { host, release }, component, asked, how),
    );
  }
  return { host: host.name, would };
}

async function played(
  { ansible }: Dependencies,
  environment: EnvironmentConfig,
  { host, release }: Pick<Rehearsal, 'host' | 'release'>,
  component: string,
  { staging, activation }: ReturnType<typeof requestsOf>,
  how: HostCallOptions,
): Promise<ChangeResult[]> {
  const at = ansibleHost(environment, host);
  const secrets = { [component]: secretsOf(environment, component) };
  const playbook = environment.components[component]?.playbook;
  if (playbook === undefined) return ansible.requests(at, [staging, activation], secrets, how, 'check');
  const staged = await ansible.requests(at, [staging], secrets, how, 'check');
  const where = { application: environment.application, environment: environment.name };
  const vars = playbookVars(where, component, release);
  return [...staged, await ansible.own(at, { playbook, vars }, activation, how, 'check')];
}
