import { openArtifact, resolveExactly } from '../adapters/release-directory.js';
import type { Release } from '../domain/release.js';
import { ansibleHost, isByAnsible, isPlayToCome, secretsOf, stageRequest } from './by-ansible.js';
import type { Dependencies } from './dependencies.js';
import { lanes } from './lanes.js';
import { addressed, options, type OnHost, type Timed } from './on-host.js';
import { withPulse } from './pulse.js';

/**
 * Sends every component of the release beside the running one: each by the transport that its section names, or, where nothing but
 * SSH may be needed, all of them `over: 'ssh'`.
 */
export async function stage(
  dependencies: Dependencies,
  call: OnHost & Timed & { readonly release: Release; readonly over?: 'ssh' },
): Promise<void> {
  await withPulse(async (pulse) => {
    const { environment, target, request } = addressed(dependencies, call);
    const resolved = await resolveExactly(environment, call.release);
    const { manifest, release } = resolved;
    const names = call.release.components.map(({ name }) => name);
    const played = names.filter((name) => call.over !== 'ssh' && isByAnsible(environment, name));
    const sentBySsh = names.filter((name) => !played.includes(name));
    const secrets = (component: string): Record<string, string> => secretsOf(environment, component);
    const how = options(pulse, call.timeoutSeconds);
    const send = (component: string): Promise<unknown> =>
      dependencies.program.stage(
        target,
        {
          ...request,
          operation: 'stage',
          manifest,
          digest: release.digest,
          component,
          secrets: secrets(component),
        },
        () => openArtifact(resolved, component),
        how,
      );
    const play = (): Promise<unknown> =>
      dependencies.ansible.requests(
        ansibleHost(environment, call.host),
        played.map((component) => stageRequest(request, resolved, component)),
        Object.fromEntries(played.map((component) => [component, secrets(component)])),
        { ...how, isMoreToCome: isPlayToCome(environment, played) },
      );
    const sendAll = async (lane: readonly string[]): Promise<void> => {
      for (const component of lane) await send(component);
    };
    const sent = await Promise.allSettled([
      ...lanes(manifest, sentBySsh).map(sendAll),
      ...(played.length > 0 ? [play()] : []),
    ]);
    // Not before all have ended: what this attempt still sends must not meet the next one, or the way back.
    for (const one of sent) if (one.status === 'rejected') throw one.reason;
  });
}
