import type { PreflightSeen } from './preflight.js';

/** Percent of processor time and of memory from which on a runner is degraded (spec S3). */
export const RUNNER_LIMIT = 90;

/** What is known of a runner; percentages. Left out: nobody says it. */
export interface RunnerNumbers {
  /** 1: it is up. */
  readonly status?: number;
  readonly cpu?: number;
  readonly memory?: number;
}

/** Judges a runner by its numbers. `says`: whose they are, for people. */
export function judgeRunner({ status, cpu, memory }: RunnerNumbers, says: string): PreflightSeen {
  const numbers = [
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(cpu === undefined ? [] : [`processor ${Math.round(cpu)} %`]),
    ...(memory === undefined ? [] : [`memory ${Math.round(memory)} %`]),
  ];
  const limit = `status 1, below ${RUNNER_LIMIT} %`;
  if (numbers.length === 0)
    return { verdict: 'unknown', found: `${says} says nothing of the runner`, limit, advice: ADVICE.silent };
  const found = `${numbers.join(', ')}, says ${says}`;
  if (status !== undefined && status !== 1) return { verdict: 'fail', found, limit, advice: ADVICE.down };
  const isBusy = [cpu, memory].some((percent) => percent !== undefined && percent >= RUNNER_LIMIT);
  if (isBusy) return { verdict: 'fail', found, limit, advice: ADVICE.busy };
  return { verdict: 'pass', found, limit };
}

const ADVICE = {
  silent: 'See whether Prometheus scrapes the runner, and whether prometheus.runner selects it.',
  down: 'Look at the runner and at what reports its state.',
  busy: 'See what keeps the runner busy, or deploy from another one.',
} as const;
