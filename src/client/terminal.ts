import { Chalk, type ChalkInstance } from 'chalk';
import { writtenOut } from './view/printable.js';

/** Where a command writes. Results go to `out`, everything about the way there to `err`. */
export interface Terminal {
  /** Writes a text and a line break to standard output. */
  out(text: string): void;
  /** The same to standard error. */
  err(text: string): void;
  /** True when standard output is a terminal that can be redrawn. */
  readonly live: boolean;
  /** Columns of the terminal; 100 where there is none. */
  readonly width: number;
  /** Colours nothing when colours are not wanted. */
  readonly colour: ChalkInstance;
}

function colours(live: boolean): ChalkInstance {
  // chalk itself knows FORCE_COLOR, but not https://no-color.org.
  const unwanted = (process.env['NO_COLOR'] ?? '') !== '' || (!live && !('FORCE_COLOR' in process.env));
  return unwanted ? new Chalk({ level: 0 }) : new Chalk();
}

/** What shells expect of a program that was ended because nobody reads it any more (128 + SIGPIPE). */
const EXIT_UNREAD = 141;

/** Input or output failed, as sysexits.h has it. */
const EXIT_UNWRITTEN = 74;

/**
 * Ends the process when its standard output can not be written: without a word when whoever read it has gone, as `head` does; with a
 * sentence when the disk is full. A run that was shown goes on. Without it, Node.js ends with a stack trace.
 */
export function endWhenUnread(): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(EXIT_UNREAD);
    process.stderr.write(`Standard output can't be written: ${message}. A run that was started goes on.\n`);
    process.exit(EXIT_UNWRITTEN);
  });
  // Nobody is left who could be told, and the result may still be wanted.
  process.stderr.on('error', () => undefined);
}

/** The same terminal, which gets nothing to obey but our own colours, whatever a text of others holds. */
export function guarded(terminal: Terminal): Terminal {
  const { live, width, colour } = terminal;
  const harmless = (text: string): string => writtenOut(text, colour.level > 0);
  return {
    out: (text) => terminal.out(harmless(text)),
    err: (text) => terminal.err(harmless(text)),
    live,
    width,
    colour,
  };
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { isTTY, rows, columns } = process.stdout;
  // Some pseudo-terminals of build servers have no size; a table drawn there would be cut to nothing.
  const live = isTTY && rows > 0 && columns > 0 && process.env['TERM'] !== 'dumb';
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    live,
    width: live ? columns : 100,
    colour: colours(live),
  };
}

/** How a page is laid out: within the terminal's width, or, where there is none, without broken lines, so that they can be searched. */
export function sheetOf({ colour, width, live }: Terminal): Pick<Terminal, 'colour' | 'width'> {
  return { colour, width: live ? width : Number.POSITIVE_INFINITY };
}
