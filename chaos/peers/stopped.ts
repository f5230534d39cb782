import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostCgroups } from '../../lab/cgroup.js';
import type { Lab } from '../../lab/lab.js';
import { webHosts } from '../../peers/hosts.js';

const EVERY_MS = 2;

/**
 * Waits until the service was seen stopped on that many web hosts, by the kernel's word: a unit that runs has a cgroup. It may have
 * been started again since on some.
 * @param over settles when the deployment ends by itself; then there is nothing to wait for
 * @throws Error when it ended before
 */
export async function stoppedOn(hosts: number, lab: Lab, unit: string, over: Promise<string>): Promise<void> {
  const all = webHosts(lab);
  const running = new Set(
    all.map(({ name }) => join(hostCgroups(lab.name, name)[0] ?? '', 'payload', 'system.slice', unit)),
  );
  let isOver = false;
  const ended = over.then((end) => {
    isOver = true;
    throw new Error(`the deployment ended (${end}) before ${unit} was seen stopped on ${hosts} hosts`);
  });
  const watched = async (): Promise<void> => {
    while (!isOver && all.length - running.size < hosts) {
      await delay(EVERY_MS);
      for (const cgroup of running) if (!existsSync(cgroup)) running.delete(cgroup);
    }
  };
  await Promise.race([watched(), ended]);
}
