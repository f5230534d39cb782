import { join } from 'node:path';
import { execa } from 'execa';
import { Lab, type Disk } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { ensureRequirements } from '../setup/requirements.js';
import { say } from '../setup/say.js';

const WEB_HOSTS = 3;

/** A program that measures, in a process of its own. */
export interface Measurement {
  /** Below `dist/bench`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a measurement; `enter`: what it is begun with. @returns its exit status */
export async function measure(
  { program, args, env }: Measurement,
  enter: readonly string[] = [],
): Promise<number> {
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
export async function measureOnLab(
  { env, ...measurement }: Measurement,
  hosts: { readonly web: number; readonly disk?: Disk } = { web: WEB_HOSTS },
): Promise<number> {
  await ensureRequirements();
  const name = `bench-${process.pid}`;
  say(`lab ${name}: ${hosts.web} web hosts and a database`);
  try {
    const lab = await Lab.up({ name, ...hosts });
    await lab.assertContained();
    return await measure({ ...measurement, env: { ...env, SAFEGUARD_LAB: name } }, lab.enter());
  } finally {
    // One that did not come up whole has left something, too.
    await Lab.remove(name);
  }
}
