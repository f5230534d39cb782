import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { ensureRequirements } from '../setup/requirements.js';
import { say } from '../setup/say.js';

const USAGE =
  'npm run bench -- --recovery [--json] [--runs <n>] | --queue [--json] [--no-lab] [--environments <n>] | --startup [--json]';
const WEB_HOSTS = 3;

interface Measurement {
  /** Below `dist/bench`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a measurement in a process of its own; `enter`: what it is begun with. */
async function measure({ program, args, env }: Measurement, enter: readonly string[] = []): Promise<number> {
  const script = join(checkoutRoot(), 'dist', 'bench', program);
  const [command = '', ...rest] = [...enter, process.execPath, '--no-warnings', script, ...args];
  const { exitCode } = await execa(command, rest, {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  });
  return exitCode ?? 1;
}

/** Measures on a lab of its own, from inside its network, and takes it down. */
async function onLab({ env, ...measurement }: Measurement): Promise<number> {
  await ensureRequirements();
  const name = `bench-${process.pid}`;
  say(`lab ${name}: ${WEB_HOSTS} web hosts and a database`);
  const lab = await Lab.up({ name, web: WEB_HOSTS });
  try {
    await lab.assertContained();
    return await measure({ ...measurement, env: { ...env, SAFEGUARD_LAB: name } }, lab.enter());
  } finally {
    await lab.down();
  }
}

const { values } = parseArgs({
  options: {
    recovery: { type: 'boolean', default: false },
    queue: { type: 'boolean', default: false },
    startup: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'no-lab': { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    environments: { type: 'string', default: '200' },
  },
});
const json = values.json ? ['--json'] : [];

function chosen(): (() => Promise<number>) | null {
  const { recovery, queue, startup, runs, environments } = values;
  const noLab = values['no-lab'];
  if ([recovery, queue, startup].filter(Boolean).length !== 1) return null;
  if (startup) return () => measure({ program: 'startup.js', args: json, env: {} });
  if (!/^[1-9]\d?$/.test(runs) || !/^[1-9]\d{0,3}$/.test(environments)) return null;
  if (recovery)
    return noLab ? null : () => onLab({ program: 'recovery/main.js', args: json, env: { BENCH_RUNS: runs } });
  const env = { BENCH_ENVIRONMENTS: environments };
  const program = 'queue/main.js';
  return noLab
    ? () => measure({ program, args: [...json, '--no-lab'], env })
    : () => onLab({ program, args: json, env });
}

const bench = chosen();
if (bench === null) {
  console.error(`Usage: ${USAGE}`);
  process.exitCode = 2;
} else process.exitCode = await bench();
