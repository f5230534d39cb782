import { Argument, Command, type CommanderError } from 'commander';
import { count, duration, ifBusy, onCancel, port } from './arguments.js';
import type { AbortOptions } from './commands/abort.js';
import type { SchemaOptions } from './commands/config-schema.js';
import type { DeployOptions } from './commands/deploy.js';
import type { DevOptions } from './commands/dev.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { HistoryOptions } from './commands/history.js';
import type { ResolveOptions } from './commands/resolve.js';
import type { WatchOptions } from './commands/watch.js';
import type { WorkerOptions } from './commands/worker.js';
import type { GlobalOptions } from './options.js';
import { addAudit } from './audit-commands.js';
import { addChecks } from './check-commands.js';
import { addDecisions } from './decision-commands.js';
import { addPolicy } from './policy-commands.js';
import { addQueue } from './queue-commands.js';
import { addSwitches } from './switch-commands.js';
import { addRecoveries } from './recovery-commands.js';
import type { Terminal } from './terminal.js';
import { usageError, UsageError } from './view/error.js';

/** Told the exit status that a command came to. */
export type OnStatus = (status: number) => void;

function base(terminal: Terminal, version: string): Command {
  return (
    new Command('safeguard')
      .description('Deploys releases to Linux hosts as durable workflows.')
      // Not --version: that is the release which deploy takes.
      .version(version, '-V', 'show the version of safeguard')
      .option('--config <file>', 'configuration (default: the nearest safeguard.yaml, searched upwards)')
      .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, profile, 127.0.0.1:7233)')
      .option('--namespace <name>', 'Temporal namespace (default: TEMPORAL_NAMESPACE, profile, default)')
      .option('--profile <name>', "profile of Temporal's own settings file")
      .option('--json', 'print results as JSON on standard output')
      .option('--verbose', 'show causes and stack traces of errors')
      .exitOverride()
      .configureOutput({
        writeOut: (text) => terminal.out(text.trimEnd()),
        writeErr: (text) => terminal.err(text.trimEnd()),
        outputError: (text, write) => write(usageError(text)),
      })
  );
}

/** What `plan` and `deploy` are told of a release. */
function aboutRelease(command: Command): Command {
  return command
    .requiredOption('--version <version>', 'release to deploy')
    .option('--force', 'deploy although every host serves it already')
    .option('--adopt <reason>', 'take over hosts that another life of the environment deployed to')
    .option('--override <reason>', 'deploy although the calendar does not allow it; asks for approval')
    .option('--commit <sha>', 'commit of the release (default: GITHUB_SHA)')
    .option('--ref <ref>', 'its tag or branch (default: GITHUB_REF)')
    .option('--by <name>', 'who asks (default: GITHUB_ACTOR, or user@host)')
    .option('--id <id>', 'deployment id; one that exists is attached to');
}

function addDeployments(program: Command, terminal: Terminal, done: OnStatus): void {
  aboutRelease(program.command('plan <environment>'))
    .description(
      'show what a deployment would change on each host and how it would be undone; change nothing',
    )
    .action(async (environment: string, _: unknown, command: Command) => {
      const { deploy } = await import('./commands/deploy.js');
      const options = command.optsWithGlobals<DeployOptions>();
      done(await deploy(terminal, environment, { ...options, dryRun: true }));
    });
  aboutRelease(program.command('deploy <environment>'))
    .description('start a deployment')
    .option('--follow', 'show its progress and exit by its outcome')
    .option(
      '--on-cancel <what>',
      'with --follow, on SIGINT or SIGTERM: leave the run, or cancel it',
      onCancel,
    )
    .option('--if-busy <what>', 'wait, or fail, while others hold the environment or wait for it', ifBusy)
    .option('--max-wait <duration>', 'how long to wait for the environment, such as 30m', duration)
    .option('--dry-run', 'do all that changes nothing, and show what would be done, as plan does')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { deploy } = await import('./commands/deploy.js');
      const options = command.optsWithGlobals<DeployOptions>();
      // Left unsaid, the job would be cancelled and the deployment would go on.
      if (options.onCancel !== undefined && !options.follow)
        command.error("error: option '--on-cancel <what>' is of use with --follow only");
      done(await deploy(terminal, environment, options));
    });
}

function addRuns(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('watch <environment>')
    .description('show the progress of the running, or the given, deployment or recovery')
    .option('--id <id>', 'deployment id')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { watch } = await import('./commands/watch.js');
      done(await watch(terminal, environment, command.optsWithGlobals<WatchOptions>()));
    });
  program
    .command('history <environment>')
    .description('show the latest runs, what came of each, and how long it took')
    .option('--limit <number>', 'how many', count, 20)
    .action(async (environment: string, _: unknown, command: Command) => {
      const { history } = await import('./commands/history.js');
      done(await history(terminal, environment, command.optsWithGlobals<HistoryOptions>()));
    });
  program
    .command('abort <environment>')
    .description('stop the running, or the given, deployment and bring back what was there')
    .option('--id <id>', 'deployment id')
    .option('--reason <reason>', 'why')
    .option('--by <name>', 'who aborts')
    .option('--follow', 'show how it goes and exit by its outcome')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { abort } = await import('./commands/abort.js');
      done(await abort(terminal, environment, command.optsWithGlobals<AbortOptions>()));
    });
}

function addEnvironments(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('status [environment]')
    .description('show what serves, who holds the environment, who waits, and the last runs')
    .action(async (environment: string | undefined, _: unknown, command: Command) => {
      const { status } = await import('./commands/status.js');
      done(await status(terminal, environment, command.optsWithGlobals<GlobalOptions>()));
    });
  program
    .command('resolve <environment>')
    .description('lift a quarantine, if a look at every host finds one release')
    .requiredOption('--reason <reason>', 'what was done')
    .option('--by <name>', 'who says so')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { resolve } = await import('./commands/resolve.js');
      done(await resolve(terminal, environment, command.optsWithGlobals<ResolveOptions>()));
    });
  const config = program.command('config').description('about safeguard.yaml');
  config
    .command('check')
    .description('read and judge the configuration')
    .action(async (_: unknown, command: Command) => {
      const { configCheck } = await import('./commands/config-check.js');
      done(configCheck(terminal, command.optsWithGlobals<GlobalOptions>()));
    });
  config
    .command('schema')
    .description('print its form as JSON Schema, for editors')
    .option('--markdown', 'print a reference of its keys instead, for people')
    .action(async (_: unknown, command: Command) => {
      const { configSchema } = await import('./commands/config-schema.js');
      done(configSchema(terminal, command.optsWithGlobals<SchemaOptions>()));
    });
}

function addMachine(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('doctor')
    .description('find what is missing on this machine and say what to do; change nothing')
    .option('--client', 'only what it takes to start deployments, as in CI, not to carry them out')
    .action(async (_: unknown, command: Command) => {
      const { doctor } = await import('./commands/doctor.js');
      done(await doctor(terminal, command.optsWithGlobals<DoctorOptions>()));
    });
  program
    .command('completion')
    .description('print a script that completes commands and options: source <(safeguard completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completion } = await import('./commands/completion.js');
      done(completion(terminal, shell, program));
    });
}

function addProcesses(program: Command, terminal: Terminal, done: OnStatus): void {
  program
    .command('worker')
    .description('carry out deployments until told to stop')
    .option('--metrics-port <port>', 'serve metrics for Prometheus on this port', port)
    .option('--metrics-address <address>', 'address to serve them on', '127.0.0.1')
    .action(async (_: unknown, command: Command) => {
      assertServed(command);
      const { worker } = await import('./commands/worker.js');
      done(await worker(terminal, command.optsWithGlobals<WorkerOptions>()));
    });
  program
    .command('dev')
    .description('run a Temporal server and a worker on this machine')
    .option('--state <directory>', 'where the server keeps its database', '.safeguard/dev')
    .option('--port <port>', 'port of the server', port, 7233)
    .option('--ui-port <port>', 'port of its Web UI', port, 8233)
    .option('--no-worker', 'only the server')
    .option('--metrics-port <port>', "serve the worker's metrics for Prometheus on this port", port)
    .option('--metrics-address <address>', 'address to serve them on', '127.0.0.1')
    .action(async (_: unknown, command: Command) => {
      assertServed(command);
      const { dev } = await import('./commands/dev.js');
      done(await dev(command.optsWithGlobals<DevOptions>()));
    });
}

/** An address of metrics that nobody serves would be ignored in silence. */
function assertServed(command: Command): void {
  const { metricsPort } = command.opts<WorkerOptions>();
  if (metricsPort === undefined && command.getOptionValueSource('metricsAddress') === 'cli')
    command.error("error: option '--metrics-address <address>' is of use with --metrics-port only");
}

/** In place of commander's own, which shows the whole program to whoever asks for a command that is not there. */
function addHelp(program: Command): void {
  program
    .command('help [command...]')
    .description('display help for command')
    .action((names: readonly string[], _: unknown, help: Command) => {
      let found = program;
      for (const name of names) {
        const inner = found.commands.find((command) => command.name() === name);
        if (!inner) help.error(`error: unknown command '${name}'`);
        found = inner;
      }
      found.outputHelp();
    });
}

/** The command line; `done` is told the exit status of the command that ran. Actions load what they need when they run. */
export function createProgram(terminal: Terminal, version: string, done: OnStatus): Command {
  const program = base(terminal, version);
  addDeployments(program, terminal, done);
  addRuns(program, terminal, done);
  addDecisions(program, terminal, done);
  addRecoveries(program, terminal, done);
  addEnvironments(program, terminal, done);
  addQueue(program, terminal, done);
  addSwitches(program, terminal, done);
  addPolicy(program, terminal, done);
  addAudit(program, terminal, done);
  addChecks(program, terminal, done);
  addMachine(program, terminal, done);
  addProcesses(program, terminal, done);
  addHelp(program);
  pointToHelp(program, 'safeguard');
  return program;
}

/** Whoever mistakes an option of a command is sent to that command's help. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`  ${path} --help lists what may stand there`);
  command.exitOverride((error: CommanderError) => {
    throw new UsageError(error, path);
  });
  for (const inner of command.commands) pointToHelp(inner, `${path} ${inner.name()}`);
}
