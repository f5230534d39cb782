import { CommanderError } from 'commander';
import { ERRORS, runbook, SafeguardError, type ErrorCode } from '../../domain/errors.js';
import { EXIT_UNREACHABLE } from '../../domain/outcome.js';
import { Refusal } from '../refusal.js';
import { repeated, writtenOut } from './printable.js';

/** Exit status for a command that threw. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof Refusal) return 2;
  if (!(error instanceof SafeguardError)) return 1;
  if (error.code === 'TEMPORAL_UNREACHABLE') return EXIT_UNREACHABLE;
  // The namespace or the credentials are not in order, which whoever gave them can mend.
  if (error.code === 'TEMPORAL_DENIED') return 2;
  return ERRORS[error.code].class === 'input' ? 2 : 1;
}

function causes(error: unknown): string[] {
  const chain: string[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 10; cause = cause.cause)
    chain.push(cause.stack ?? String(cause));
  return chain.map((text, index) => (index === 0 ? text : `caused by ${text}`));
}

function head(code: ErrorCode, message: string): string[] {
  return [`error ${code}: ${message}`, `  ${ERRORS[code].advice}`, `  See ${runbook(code)}`];
}

function lines(error: unknown): string[] {
  if (error instanceof Refusal) return [`refused: ${error.message}`];
  if (error instanceof SafeguardError) return head(error.code, error.message);
  return head('INTERNAL', error instanceof Error ? error.message : String(error));
}

/** What a person reads when a command fails; stack and causes only when asked for. */
export function describeError(error: unknown, isVerbose: boolean): string {
  return writtenOut([...lines(error), ...(isVerbose ? causes(error) : [])].join('\n'));
}

/** A failure for programs, as `docs/json.md` has it. */
export interface ErrorFacts {
  /** Of `docs/errors.md`; `USAGE`: the command line makes no sense; `REFUSED`: whoever was asked said no, in words of its own. */
  readonly code: ErrorCode | 'USAGE' | 'REFUSED';
  readonly message: string;
  readonly advice: string | null;
  readonly see: string | null;
  readonly exitStatus: number;
}

/** What a program reads when a command fails. */
export function errorFacts(error: unknown): ErrorFacts {
  const message = error instanceof Error ? error.message : String(error);
  const exitStatus = exitStatusOf(error);
  if (error instanceof Refusal) return { code: 'REFUSED', message, advice: null, see: null, exitStatus };
  const code = error instanceof SafeguardError ? error.code : 'INTERNAL';
  return { code, message, advice: ERRORS[code].advice, see: runbook(code), exitStatus };
}

/** A command line that makes no sense, and the command whose help says what would. */
export class UsageError extends CommanderError {
  constructor(
    { exitCode, code, message }: CommanderError,
    /** Such as `safeguard host evict`. */
    readonly path: string,
  ) {
    super(exitCode, code, message);
  }
}

/** What is wrong with a command line, in commander's words, which repeat what was typed and may end with a guess on a line of its own. */
function usageMessage(message: string): string {
  const [, sentence = '', guess = ''] =
    /^(?:error: )?([^]*?)(\n\(Did you mean [^\n]*\?\))?\n?$/.exec(message) ?? [];
  return repeated(sentence) + guess;
}

/** The same for people. */
export function usageError(message: string): string {
  return `error USAGE: ${usageMessage(message)}\n`;
}

/** The same for a command line that makes no sense. */
export function usageFacts({ code, message, path }: UsageError, exitStatus: number): ErrorFacts {
  const said = code === 'commander.help' ? 'no command is named' : usageMessage(message);
  return { code: 'USAGE', message: said, advice: `See ${path} --help.`, see: USAGE_PAGE, exitStatus };
}

const USAGE_PAGE = 'docs/errors.md#usage';
