import { Chalk, type ChalkInstance } from 'chalk';

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

/**
 * Ends the process without a word when whoever read its standard output has gone, as `head` does; a run that was shown goes on.
 * Without it, Node.js ends with a stack trace.
 */
export function endWhenUnread(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT_UNREAD);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody is left who could be told.
    if (error.code !== 'EPIPE') throw error;
  });
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
