import { join } from 'node:path';
import Table from 'cli-table3';
import { execa } from 'execa';
import { Lab } from '../../lab/lab.js';
import { ensurePackages } from '../../setup/apt.js';
import { checkoutRoot } from '../../setup/checkout.js';
import { ensureRequirements } from '../../setup/requirements.js';
import { say } from '../../setup/say.js';
import type { Killed } from './kill.js';
import type { Look } from './look.js';
import { TOOLS, type Tool } from './tools.js';

export type { Killed } from './kill.js';

const WEB_HOSTS = 3;

export interface PeersOptions {
  /** How often each tool is killed at each moment: as soon as the first host, and as soon as every host has stopped its service. */
  readonly runs: number;
  /** Left out: all. */
  readonly tools?: readonly Tool[];
  /** The lab's name; left out: one of this process. It is brought up for this and taken down. */
  readonly lab?: string;
}

/**
 * The same kill on other tools: plain Ansible, Capistrano and safeguard, each killed between stop and start, on a lab of their own.
 * Installs the Debian package `capistrano`. Needs root.
 * @returns one entry for each run of each tool
 */
export async function runPeers(options: PeersOptions): Promise<Killed[]> {
  const { runs, tools = TOOLS, lab: name = `peers-${process.pid}` } = options;
  await ensureRequirements();
  if (tools.includes('capistrano')) await ensurePackages(['capistrano']);
  say(`lab ${name}: ${WEB_HOSTS} web hosts and a database`);
  const lab = await Lab.up({ name, web: WEB_HOSTS });
  try {
    await lab.assertContained();
    const program = join(checkoutRoot(), 'dist', 'chaos', 'peers', 'inside.js');
    const argv: string[] = [
      ...lab.enter(),
      process.execPath,
      '--no-warnings',
      program,
      String(runs),
      ...tools,
    ];
    const [command = '', ...rest] = argv;
    const env = { SAFEGUARD_LAB: name };
    const { stdout } = await execa(command, rest, { env, stdin: 'ignore', stderr: 'inherit' });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Killed[];
  } finally {
    await lab.down();
  }
}

function described(looks: readonly Look[]): string {
  return looks
    .map(({ host, service, running, onDisk }) => `${host}: ${service}, runs ${running}, disk ${onDisk}`)
    .join('\n');
}

/** A table for people: one line for each run. */
export function describePeers(found: readonly Killed[]): string {
  const table = new Table({
    head: ['killed between stop and start', 'right away', 'after 30 s', 'whole after', 'begun again by hand'],
    style: { head: [], border: [] },
  });
  for (const { tool, stopped, atOnce, later, wholeAfterS, end, again } of found) {
    table.push([
      `${tool},\n${stopped} stopped`,
      described(atOnce),
      described(later),
      wholeAfterS === null ? 'not' : `${wholeAfterS} s`,
      again === null
        ? `no need: ${end ?? 'not ended'}`
        : `${again.end}\n${again.whole ? 'whole' : described(again.looks)}`,
    ]);
  }
  return table.toString();
}
