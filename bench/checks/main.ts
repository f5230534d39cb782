import { cpus, loadavg } from 'node:os';
import { CampusLab } from '../../test/hosts/campus-lab.js';
import { figure, ratio, type Figure } from '../statistics.js';
import { byHealth, byScript } from './campus.js';
import { allAnswer, byFetch, twoAreSilent } from './simulated.js';

/** Milliseconds. */
interface Checks {
  readonly cores: number;
  readonly load: number;
  readonly hosts: number;
  /** Looks that all checks of the campus release came to. */
  readonly looks: number;
  readonly health: Figure;
  /** Eight of the same questions on each host, by ssh one after the other. */
  readonly script: Figure;
  readonly simulated: {
    readonly answering: Figure;
    /** Two of twenty targets never answer; each look has a time-out of a second. */
    readonly twoSilent: Figure;
    readonly fetch: Figure;
  };
  readonly ratio: { readonly health_to_script: number; readonly simulated_to_fetch: number };
}

async function repeat(runs: number, measure: () => Promise<number>): Promise<Figure> {
  // The first one opens connections and compiles.
  await measure();
  const took: number[] = [];
  for (let run = 1; run <= runs; run += 1) took.push(await measure());
  return figure(took);
}

async function measured(campus: CampusLab, runs: number): Promise<Checks> {
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
  const { results } = await byHealth(campus);
  const health = await repeat(runs, async () => (await byHealth(campus)).durationMs);
  const script = await repeat(runs, () => byScript(campus));
  const [answering, twoSilent, fetch] = [
    await repeat(runs, allAnswer),
    await repeat(runs, twoAreSilent),
    await repeat(runs, byFetch),
  ];
  return {
    cores: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    hosts: campus.webHosts.length,
    looks: results.length,
    health,
    script,
    simulated: { answering, twoSilent, fetch },
    ratio: {
      health_to_script: ratio(health, script),
      simulated_to_fetch: ratio(answering, fetch),
    },
  };
}

function describe({ hosts, looks, health, script, simulated, ratio: times }: Checks): string {
  const show = ({ median, min, max, runs }: Figure): string => `${median} ms (${min}–${max}, ${runs} runs)`;
  return [
    `${looks} looks at ${hosts} hosts        ${show(health)}`,
    `8 of them a host by ssh     ${show(script)}: health is ${times.health_to_script} ×`,
    `200 checks of 20 targets    ${show(simulated.answering)}: ${times.simulated_to_fetch} × fetch`,
    `two of the targets silent   ${show(simulated.twoSilent)}, with a time-out of 1000 ms`,
    `200 requests by fetch       ${show(simulated.fetch)}`,
  ].join('\n');
}

const runs = Number(process.env['BENCH_RUNS'] ?? '3');
const campus = await CampusLab.open();
try {
  const checks = await measured(campus, runs);
  console.log(process.argv.includes('--json') ? JSON.stringify(checks) : describe(checks));
} finally {
  await campus.close();
}
