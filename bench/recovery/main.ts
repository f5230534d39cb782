import { cpus, loadavg } from 'node:os';
import { CampusLab } from '../../test/hosts/campus-lab.js';
import { figure, ratio, type Figure } from '../statistics.js';
import { abortToServing, restartToServing } from './abort.js';
import { killToGoingOn } from './lost-worker.js';

/** What was measured, in milliseconds, and where. */
interface Recovery {
  readonly hosts: number;
  readonly cores: number;
  readonly load: number;
  /** Abort until every host serves the old release again. */
  readonly abort: Figure;
  /** The service's own stop and start on every host, by systemctl alone. */
  readonly restart: Figure;
  /** `abort` as a multiple of `restart`, and what is beyond it, in milliseconds. */
  readonly abortRatio: number;
  readonly abortBeyond: number;
  /** SIGKILL of a worker until another one goes on with its step. */
  readonly lostWorker: Figure;
}

/** Many attempts at a check that fails: the abort comes while the new release is in place, not after it was taken back. */
const POLICY = {
  approval: { required: false },
  retries: { tries: 1, delay: '1s' },
  limits: { step: '60s', rollback: '60s', stabilise: '1s' },
  checks: { attempts: 15, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};

async function repeat(runs: number, measure: (run: number) => Promise<number>): Promise<Figure> {
  const took: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    took.push(await measure(run));
    console.error(`  ${Math.round(took.at(-1) ?? NaN)} ms`);
  }
  return figure(took);
}

async function measured(campus: CampusLab, runs: number): Promise<Recovery> {
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
  console.error('service restarted by systemctl');
  const restart = await repeat(runs, () => restartToServing(campus, '1.0.0'));
  console.error('abort until the old release serves');
  const abort = await repeat(runs, (run) => abortToServing(campus, '1.0.0', `2.0.${run}`));
  await campus.stopWorker();
  console.error('worker killed until its step goes on');
  const lostWorker = await repeat(runs, (run) => killToGoingOn(campus, `2.1.${run}`));
  return {
    hosts: campus.webHosts.length,
    cores: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    abort,
    restart,
    abortRatio: ratio(abort, restart),
    abortBeyond: abort.median - restart.median,
    lostWorker,
  };
}

function describe({ hosts, abort, restart, abortRatio, abortBeyond, lostWorker }: Recovery): string {
  const show = ({ median, min, max, runs }: Figure): string => `${median} ms (${min}–${max}, ${runs} runs)`;
  return [
    `${hosts} hosts, Python backend`,
    `service's own stop and start   ${show(restart)}`,
    `abort → old release serves     ${show(abort)}: ${abortRatio} ×, ${abortBeyond} ms more`,
    `worker SIGKILL → step goes on  ${show(lostWorker)}`,
  ].join('\n');
}

const runs = Number(process.env['BENCH_RUNS'] ?? '3');
const campus = await CampusLab.open({ policy: POLICY });
try {
  const recovery = await measured(campus, runs);
  console.log(process.argv.includes('--json') ? JSON.stringify(recovery) : describe(recovery));
} finally {
  await campus.close();
}
