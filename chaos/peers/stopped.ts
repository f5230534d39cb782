import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostCgroups } from '../../lab/cgroup.js';
import type { Lab } from '../../lab/lab.js';
import { webHosts } from './peer.js';

const EVERY_MS = 2;

/**
 * Waits until the service was seen stopped on every web host, by the kernel's word: a unit that runs has a cgroup. It may have been
 * started again since on some.
 * @param over settles when the deployment ends by itself; then there is nothing to wait for
 * @throws Error when it ended before
 */
export async function stoppedEverywhere(lab: Lab, unit: string, over: Promise<string>): Promise<void> {
  const running = new Set(
    webHosts(lab).map(({ name }) =>
      join(hostCgroups(lab.name, name)[0] ?? '', 'payload', 'system.slice', unit),
    ),
  );
  const ended = over.then((end) => {
    throw new Error(`the deployment ended (${end}) before ${unit} was seen stopped on every host`);
  });
  const watched = async (): Promise<void> => {
    while (running.size > 0) {
      for (const cgroup of running) if (!existsSync(cgroup)) running.delete(cgroup);
      await delay(EVERY_MS);
    }
  };
  await Promise.race([watched(), ended]);
}
