import type { Command } from 'commander';
import { since } from './arguments.js';
import type { AuditShowOptions } from './commands/audit-show.js';
import type { GlobalOptions } from './options.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

/** Adds what reads the audit trail. */
export function addAudit(program: Command, terminal: Terminal, done: OnStatus): void {
  const audit = program.command('audit').description('read the audit trail, which nobody can write over');
  audit
    .command('show <environment>')
    .description('what was decided and changed, when, by whom and why')
    .option('--since <time>', 'from a time on, or so long ago (7d)', since)
    .action(async (environment: string, _: unknown, command: Command) => {
      const { auditShow } = await import('./commands/audit-show.js');
      done(await auditShow(terminal, environment, command.optsWithGlobals<AuditShowOptions>()));
    });
  audit
    .command('verify <environment>')
    .description('find lines that were changed, removed, moved or added; change nothing')
    .action(async (environment: string, _: unknown, command: Command) => {
      const { auditVerify } = await import('./commands/audit-verify.js');
      done(await auditVerify(terminal, environment, command.optsWithGlobals<GlobalOptions>()));
    });
}
