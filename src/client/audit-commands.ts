import { InvalidArgumentError, type Command } from 'commander';
import { duration } from '../config/duration.js';
import type { AuditShowOptions } from './commands/audit-show.js';
import type { GlobalOptions } from './options.js';
import type { OnStatus } from './program.js';
import type { Terminal } from './terminal.js';

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** A moment: an ISO time, or how long ago. */
function since(text: string): Date {
  const ago = duration.safeParse(text);
  if (ago.success) return new Date(Date.now() - ago.data * 1000);
  const moment = new Date(ISO.test(text) ? text : Number.NaN);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new InvalidArgumentError(
    'Expected a time such as 2026-11-21 or 2026-11-21T11:45Z, or a duration such as 7d.',
  );
}

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
