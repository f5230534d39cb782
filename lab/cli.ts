import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { ADDITIONS, type Addition } from './additions.js';
import { LabError } from './errors.js';
import { exitCodeOf } from './execute.js';
import { FAULTS, parseFault } from './faults.js';
import { DEFAULT_NAME, DEFAULT_WEB_HOSTS, Lab } from './lab.js';
import { DISKS, MAX_WEB_HOSTS, type Disk } from './layout.js';
import { labNames } from './registry.js';

interface Named {
  readonly name: string;
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

function parseNumber(text: string, highest: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= highest) return value;
  throw new LabError(`"${text}" is not a whole number from 0 to ${highest}`);
}

function parseDisk(text: string): Disk {
  const disk = DISKS.find((name) => name === text);
  if (disk === undefined) throw new LabError(`There are no disks on "${text}". Known: ${DISKS.join(', ')}`);
  return disk;
}

function parseAdditions(texts: readonly string[]): Addition[] {
  return texts.map((text) => {
    const addition = ADDITIONS.find((name) => name === text);
    if (addition === undefined)
      throw new LabError(`Nothing is known of "${text}". Known: ${ADDITIONS.join(', ')}`);
    return addition;
  });
}

/** The command without the `--` that may stand before it. */
function commandOf(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words;
}

/** Runs a command in this terminal, hands signals on to it, and takes over how it ends. */
async function become(argv: readonly string[]): Promise<void> {
  const [file = '', ...args] = argv;
  const command = spawn(file, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => command.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    command.once('error', (error) => reject(new LabError(`Could not run ${file}`, { cause: error })));
    command.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}

async function isWhole(name: string, web: number): Promise<boolean> {
  if (!(await labNames()).includes(name)) return false;
  // One that can't be opened is half made, and so not whole; `up` makes it again and tells what fails.
  const lab = await Lab.open(name).catch(() => undefined);
  if (lab === undefined || lab.hosts.filter(({ role }) => role === 'web').length < web) return false;
  return (await lab.status()).every(({ state }) => state !== 'off');
}

interface UpOptions extends Named {
  readonly web: string;
  readonly disk?: string;
  readonly with: readonly string[];
}

async function up({ name, web: webText, disk, with: additions }: UpOptions): Promise<void> {
  const web = parseNumber(webText, MAX_WEB_HOSTS);
  const wasWhole = await isWhole(name, web);
  const start = Date.now();
  const lab = await Lab.up({
    name,
    web,
    additions: parseAdditions(additions),
    ...(disk === undefined ? {} : { disk: parseDisk(disk) }),
  });
  await lab.assertContained();
  tell(
    wasWhole ? `The lab "${name}" is already up.` : `The lab "${name}" is up after ${Date.now() - start} ms.`,
  );
  await showStatus(lab);
  if (!(await lab.isCurrent()))
    tell('Its hosts were prepared by an older version of ansible/: take it down and up to renew them.');
}

async function showStatus(lab: Lab): Promise<void> {
  const rows = (await lab.status()).map(({ host, state, pid }) => [
    host.name,
    host.address,
    host.role,
    state,
    pid ?? '-',
  ]);
  for (const row of [['HOST', 'ADDRESS', 'ROLE', 'STATE', 'PID'], ...rows]) {
    tell(
      row
        .map((cell) => String(cell).padEnd(14))
        .join('')
        .trimEnd(),
    );
  }
  for (const { name, port, target } of await lab.forwards())
    tell(`forward ${name}: 127.0.0.1:${port} → ${target}`);
}

async function status({ name }: Partial<Named>): Promise<void> {
  const names = name === undefined ? await labNames() : [name];
  if (names.length === 0) tell('No lab is up. Start one: npm run lab -- up');
  for (const each of names) {
    tell(`lab ${each}`);
    try {
      await showStatus(await Lab.open(each));
    } catch (error) {
      // One that is just being made must not hide the others.
      if (!(error instanceof LabError)) throw error;
      tell(error.message);
    }
  }
}

async function ssh(host: string, command: string[], { name, root }: Named & { root?: true }): Promise<void> {
  const lab = await Lab.open(name);
  await become([...lab.enter(), ...lab.ssh(host, root ? 'root' : 'deploy'), ...commandOf(command)]);
}

async function fault(host: string, what: string, { name }: Named): Promise<void> {
  await (await Lab.open(name)).fault(host, parseFault(what));
}

async function exec(command: string[], { name }: Named): Promise<void> {
  await become([...(await Lab.open(name)).enter(), ...commandOf(command)]);
}

async function forward(forwardName: string, port: string, target: string, { name }: Named): Promise<void> {
  const made = await (await Lab.open(name)).forward(forwardName, parseNumber(port, 65_535), target);
  tell(`127.0.0.1:${made.port} → ${made.target}`);
}

function program(): Command {
  const lab = new Command('lab')
    .description('Real hosts on this machine, in a network without a way out')
    .enablePositionalOptions();
  const named = (command: string): Command =>
    lab.command(command).option('--name <name>', 'which lab', DEFAULT_NAME);
  named('up')
    .description('bring a lab up: web-1 … and db-1')
    .option('--web <n>', 'web hosts', String(DEFAULT_WEB_HOSTS))
    .option('--disk <kind>', 'tmpfs (unless said otherwise), or ext4: a power loss loses what was not synced')
    .option('--with <additions...>', `what hosts have beside the usual: ${ADDITIONS.join(', ')}`, [])
    .action(up);
  named('down')
    .description('take a lab down; nothing of it stays')
    .action(async ({ name }: Named) => {
      await Lab.remove(name);
      tell(`The lab "${name}" is down.`);
    });
  lab
    .command('status')
    .description('show the hosts of all labs or of one')
    .option('--name <name>', 'which lab')
    .action(status);
  named('ssh')
    .description('a shell or a command on a host as the deploying user')
    .option('--root', 'as root')
    .argument('<host>')
    .argument('[command...]')
    .passThroughOptions()
    .action(ssh);
  named('fault')
    .description('make something happen to a host, or wait until its sshd answers')
    .argument('<host>')
    .argument('<what>', FAULTS.join(', '))
    .action(fault);
  named('exec')
    .description('run a command inside the lab network')
    .argument('<command...>')
    .passThroughOptions()
    .action(exec);
  named('forward')
    .description('lead a loopback port of this machine into the lab')
    .argument('<forward>', 'its name')
    .argument('<port>', 'on 127.0.0.1; 0 takes a free one')
    .argument('<target>', 'ADDRESS:PORT or HOST:PORT')
    .action(forward);
  return lab;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads has read enough (`| head`): the rest is for nobody.
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
