import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { ensureRequirements } from '../setup/requirements.js';
import { say } from '../setup/say.js';

const USAGE = 'npm run bench -- --recovery [--json] [--runs <n>]';
const WEB_HOSTS = 3;

/** Measures on a lab of its own, from inside its network, and takes it down. */
async function bench(program: string, args: readonly string[], runs: string): Promise<number> {
  await ensureRequirements();
  const name = `bench-${process.pid}`;
  say(`lab ${name}: ${WEB_HOSTS} web hosts and a database`);
  const lab = await Lab.up({ name, web: WEB_HOSTS });
  try {
    await lab.assertContained();
    const script = join(checkoutRoot(), 'dist', 'bench', program);
    const [command = '', ...rest] = [...lab.enter(), process.execPath, '--no-warnings', script, ...args];
    const { exitCode } = await execa(command, rest, {
      env: { SAFEGUARD_LAB: name, BENCH_RUNS: runs },
      stdio: ['ignore', 'inherit', 'inherit'],
      reject: false,
    });
    return exitCode ?? 1;
  } finally {
    await lab.down();
  }
}

const { values } = parseArgs({
  options: {
    recovery: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
  },
});
if (!values.recovery || !/^[1-9]\d?$/.test(values.runs)) {
  console.error(`Usage: ${USAGE}`);
  process.exitCode = 2;
} else process.exitCode = await bench('recovery/main.js', values.json ? ['--json'] : [], values.runs);
