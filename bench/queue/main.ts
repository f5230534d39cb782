import { cpus, loadavg, tmpdir } from 'node:os';
import { ratio, type Figure } from '../statistics.js';
import { bareHandOver, handOver, lockHandOver } from './hand-over.js';
import { historyOfDeployment, type DeploymentHistory } from './history.js';
import { many, type Many } from './many.js';

/** What was measured, times in milliseconds where nothing else is said, and where. */
interface Queue {
  readonly cores: number;
  readonly load: number;
  /** One run's end until the next one's first activity. */
  readonly handOver: Figure;
  /** The least that two workflows on this server need for that. */
  readonly bare: Figure;
  readonly handOverRatio: number;
  /** A file lock between processes, on the same machine. */
  readonly lock: Figure;
  readonly many: Many;
  /** Empty without a lab. */
  readonly histories: readonly DeploymentHistory[];
}

const IDLE_SECONDS = 15;
const HAND_OVERS = 20;

async function measured(environments: number, hosts: readonly number[]): Promise<Queue> {
  console.error('hand-over of a file lock, of bare workflows, of deployments');
  const lock = await lockHandOver(HAND_OVERS, tmpdir());
  const bare = await bareHandOver(HAND_OVERS);
  const deployments = await handOver(HAND_OVERS);
  console.error(`${environments} environments with a run that holds and one that waits`);
  const crowd = await many(environments, IDLE_SECONDS);
  const histories: DeploymentHistory[] = [];
  for (const count of hosts) {
    console.error(`history of a deployment to ${count} hosts of the lab`);
    histories.push(await historyOfDeployment(count));
  }
  return {
    cores: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    handOver: deployments,
    bare,
    handOverRatio: ratio(deployments, bare),
    lock,
    many: crowd,
    histories,
  };
}

function describe({ handOver, bare, handOverRatio, lock, many: crowd, histories }: Queue): string {
  const show = ({ median, min, max, runs }: Figure): string => `${median} ms (${min}–${max}, ${runs} runs)`;
  const { serverMemory, idle } = crowd;
  return [
    `one run's end → next one's start   ${show(handOver)}: ${handOverRatio} × the bare one`,
    `two bare workflows, by a signal    ${show(bare)}`,
    `a file lock between processes      ${show(lock)}`,
    `${crowd.environments} environments, ${crowd.runs} runs: ${crowd.succeeded} succeeded; ${crowd.startsPerSecond} starts/s, all in their places after ${crowd.startSeconds} s, through ${crowd.endSeconds} s later; ${crowd.runsPerSecond} runs/s`,
    `server memory                      ${serverMemory.before} MiB before, ${serverMemory.after} after, ${serverMemory.peak} at most`,
    `events                             ${crowd.eventsPerDeployment} a deployment to one host, ${crowd.eventsPerEnvironmentAndRun} an environment and run`,
    `${idle.environments} idle environments              ${idle.events} events in ${idle.seconds} s, ${idle.pending} timers, activities and tasks pending`,
    ...histories.map(({ hosts, deployment }) =>
      `history of a deployment, ${hosts} hosts   ${show(deployment)}`.replaceAll(' ms', ' events'),
    ),
  ].join('\n');
}

const environments = Number(process.env['BENCH_ENVIRONMENTS'] ?? '200');
const hosts = process.argv.includes('--no-lab') ? [] : [2, 3];
const queue = await measured(environments, hosts);
console.log(process.argv.includes('--json') ? JSON.stringify(queue) : describe(queue));
