import { parseArgs } from 'node:util';
import { TOOLS } from './hosts/contender.js';
import { hostsMeasurement } from './measure-hosts.js';
import { measure, measureOnLab } from './measure.js';

const USAGE = `npm run bench -- --hosts <n> [--json] [--runs <n>] [--tools <tool>,…] [--disk tmpfs|ext4]
npm run bench -- --recovery [--json] [--runs <n>]
npm run bench -- --checks [--json] [--runs <n>]
npm run bench -- --queue [--json] [--no-lab] [--environments <n>]
npm run bench -- --startup [--json]`;

const { values } = parseArgs({
  options: {
    hosts: { type: 'string' },
    tools: { type: 'string', default: TOOLS.join() },
    disk: { type: 'string', default: 'tmpfs' },
    recovery: { type: 'boolean', default: false },
    checks: { type: 'boolean', default: false },
    queue: { type: 'boolean', default: false },
    startup: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'no-lab': { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    environments: { type: 'string', default: '200' },
  },
});
const args = values.json ? ['--json'] : [];

function chosen(): (() => Promise<number>) | null {
  const { hosts, recovery, checks, queue, startup, runs, environments } = values;
  const noLab = values['no-lab'];
  if ([hosts !== undefined, recovery, checks, queue, startup].filter(Boolean).length !== 1) return null;
  if (startup) return () => measure({ program: 'startup.js', args, env: {} });
  if (!/^[1-9]\d?$/.test(runs) || !/^[1-9]\d{0,3}$/.test(environments)) return null;
  if (noLab && !queue) return null;
  if (hosts !== undefined) return hostsMeasurement({ ...values, hosts, args });
  if (recovery) return () => measureOnLab({ program: 'recovery/main.js', args, env: { BENCH_RUNS: runs } });
  if (checks) return () => measureOnLab({ program: 'checks/main.js', args, env: { BENCH_RUNS: runs } });
  const program = 'queue/main.js';
  const env = { BENCH_ENVIRONMENTS: environments };
  return noLab
    ? () => measure({ program, args: [...args, '--no-lab'], env })
    : () => measureOnLab({ program, args, env });
}

const bench = chosen();
if (bench === null) {
  console.error(`Usage:\n${USAGE}`);
  process.exitCode = 2;
} else process.exitCode = await bench();
