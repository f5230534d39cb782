import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../lab/lab.js';
import { ansiblePeer } from '../../peers/ansible.js';
import { capistranoPeer } from '../../peers/capistrano.js';
import { webHosts } from '../../peers/hosts.js';
import type { PeerPlace } from '../../peers/peer.js';
import { pyinfraPeer } from '../../peers/pyinfra.js';
import { TOOLS, type Contender, type Round, type ToolName } from './contender.js';
import { CpuMeter } from './cpu.js';
import { logOf, peerContender } from './peer-contender.js';
import { Raw } from './raw.js';
import { buildReleases, OLD } from './releases.js';
import { describe, summary } from './report.js';
import { round } from './round.js';
import { OVER_ANSIBLE, OVER_SSH, SafeguardPlace } from './safeguard-place.js';
import { Safeguard } from './safeguard.js';
import { ShopHosts } from './shop-hosts.js';
import { whereTheTimeGoes } from './where.js';

const runs = Number(process.env['BENCH_RUNS'] ?? '3');
const wanted = (process.env['BENCH_TOOLS'] ?? TOOLS.join()).split(',');

async function shopOf(place: PeerPlace): Promise<ShopHosts> {
  const archive = (name: string): Promise<Buffer> => readFile(join(place.releases, OLD, `${name}.tar.gz`));
  return ShopHosts.open(place.lab, { backend: await archive('backend'), site: await archive('site') });
}

/** In the order of their turns. */
async function contenders(place: PeerPlace, safeguard: SafeguardPlace): Promise<Map<ToolName, Contender>> {
  const { lab, directory, releases } = place;
  const shop = await shopOf(place);
  const peer = async (tool: ToolName, open: typeof ansiblePeer): Promise<Contender> =>
    peerContender(await open(place), shop, logOf(directory, tool));
  const open: Record<ToolName, () => Promise<Contender>> = {
    safeguard: () => Safeguard.open(safeguard, OVER_SSH),
    safeguard_ansible: () => Safeguard.open(safeguard, OVER_ANSIBLE),
    raw: () => Promise.resolve(new Raw(lab, shop, directory, releases)),
    capistrano: () => peer('capistrano', capistranoPeer),
    pyinfra: () => peer('pyinfra', pyinfraPeer),
    ansible: () => peer('ansible', ansiblePeer),
  };
  const found = new Map<ToolName, Contender>();
  for (const tool of TOOLS.filter((name) => wanted.includes(name))) found.set(tool, await open[tool]());
  return found;
}

async function measured(
  all: ReadonlyMap<ToolName, Contender>,
  meter: CpuMeter,
): Promise<Map<ToolName, Round[]>> {
  const rounds = new Map<ToolName, Round[]>();
  // In turns, so that whatever else goes on here is the same for all.
  for (let number = 1; number <= runs; number += 1) {
    for (const [tool, contender] of all) {
      const one = await round(contender, meter);
      rounds.set(tool, [...(rounds.get(tool) ?? []), one]);
      const { totalMs, downtimeMs, rollbackMs } = one;
      const seconds = [totalMs, downtimeMs, rollbackMs].map((ms) => `${(ms / 1000).toFixed(2)} s`);
      console.error(`${number}/${runs} ${tool}: ${seconds.join(', ')}`);
    }
  }
  return rounds;
}

const lab = await Lab.open(process.env['SAFEGUARD_LAB']);
await lab.assertContained();
const directory = await mkdtemp(join(tmpdir(), 'safeguard-bench-'));
try {
  const releases = await buildReleases(directory, runs);
  const safeguard = await SafeguardPlace.open(lab, directory, releases);
  try {
    const all = await contenders({ lab, directory, releases }, safeguard);
    const rounds = await measured(all, new CpuMeter(lab, safeguard.pids));
    const result = summary(webHosts(lab).length, rounds);
    console.error(await whereTheTimeGoes(all, rounds));
    console.log(process.argv.includes('--json') ? JSON.stringify(result) : describe(result, all));
  } finally {
    await safeguard.close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
