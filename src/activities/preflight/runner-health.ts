import { queryPrometheus } from '../../adapters/probes/prometheus.js';
import { ownNumbers } from '../../adapters/runner-numbers.js';
import type { EnvironmentConfig } from '../../config/load.js';
import type { PreflightSeen } from '../../domain/preflight.js';
import { judgeRunner, type RunnerNumbers } from '../../domain/runner-health.js';
import { keysTo } from '../guarded.js';

/** Names that the runner's exporter gives its numbers (spec S18). */
const METRICS = {
  status: 'runner_status',
  cpu: 'runner_cpu_usage_percent',
  memory: 'runner_memory_usage_percent',
} as const satisfies Record<keyof RunnerNumbers, string>;

/**
 * How the runner is: by Prometheus where it is configured, by its own numbers otherwise. These are of one moment, in which the runner
 * may be busy with this very look, so they never do more than warn.
 */
export async function lookAtRunner(
  { prometheus }: EnvironmentConfig,
  signal: AbortSignal,
): Promise<PreflightSeen> {
  if (prometheus === null)
    return { ...judgeRunner(await ownNumbers(signal), 'the runner itself'), warns: true };
  const { url, runner } = prometheus;
  const place = { url, ...(await keysTo('prometheus', prometheus)) };
  const names = Object.keys(METRICS) as (keyof RunnerNumbers)[];
  const asked = names.map(async (name) => {
    const samples = await queryPrometheus(place, `${METRICS[name]}${runner}`, { signal });
    const values = samples.map(({ value }) => value);
    if (values.length === 0) return {};
    // Of several, the worst: a status that is not 1, the highest percentage.
    const worst = name === 'status' ? Math.min(...values) : Math.max(...values);
    return { [name]: worst };
  });
  const numbers = Object.assign({}, ...(await Promise.all(asked))) as RunnerNumbers;
  return judgeRunner(numbers, 'Prometheus');
}
