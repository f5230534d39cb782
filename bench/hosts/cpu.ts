import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostCgroups } from '../../lab/cgroup.js';
import type { Lab } from '../../lab/lab.js';
import { webHosts } from '../../peers/hosts.js';

/** Processor time that was used until `at`, by where; all in milliseconds. */
export interface CpuSample {
  /** Epoch. */
  readonly at: number;
  readonly hosts: number;
  /** Of processes that live on between deployments: safeguard's worker, Temporal's server. */
  readonly services: number;
  /** Of command lines, and all that they started, once they have ended. */
  readonly commands: number;
}

const EVERY_MS = 50;
const TICK_MS = 10;

async function ofHost(lab: Lab, host: string): Promise<number> {
  const text = await readFile(join(hostCgroups(lab.name, host)[0] ?? '', 'cpu.stat'), 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1000;
}

/** Of a process itself, and of those of its children that have ended. */
async function ofProcess(pid: number | 'self'): Promise<{ own: number; children: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before may have blanks and parentheses in it.
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return { own: (user + system) * TICK_MS, children: (childrenUser + childrenSystem) * TICK_MS };
}

/** Looks at what has used the processors: time by the clock is everybody's, this is not. */
export class CpuMeter {
  /** `pids`: the services. */
  constructor(
    private readonly lab: Lab,
    private readonly pids: readonly number[],
  ) {}

  async sample(): Promise<CpuSample> {
    const [hosts, services, self] = await Promise.all([
      Promise.all(webHosts(this.lab).map(({ name }) => ofHost(this.lab, name))),
      Promise.all(this.pids.map(ofProcess)),
      ofProcess('self'),
    ]);
    const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
    return {
      at: Date.now(),
      hosts: sum(hosts),
      services: sum(services.map(({ own, children }) => own + children)),
      commands: self.children,
    };
  }

  /** Carries out some work. @returns samples from its begin to its end */
  async during(work: () => Promise<void>): Promise<CpuSample[]> {
    const samples = [await this.sample()];
    const over = new AbortController();
    const sampling = (async () => {
      while (!over.signal.aborted) {
        await delay(EVERY_MS);
        samples.push(await this.sample());
      }
    })();
    try {
      await work();
    } finally {
      over.abort();
      await sampling;
    }
    return samples;
  }
}

/** What was used between two moments, both epoch. */
export function usedBetween(samples: readonly CpuSample[], from: number, to: number): Omit<CpuSample, 'at'> {
  const first = samples.findLast(({ at }) => at <= from) ?? samples[0];
  const last = samples.find(({ at }) => at >= to) ?? samples.at(-1);
  if (!first || !last) throw new Error('nothing was sampled');
  return {
    hosts: last.hosts - first.hosts,
    services: last.services - first.services,
    commands: last.commands - first.commands,
  };
}
