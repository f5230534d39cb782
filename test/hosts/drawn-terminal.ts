import { execa } from 'execa';
import { createRequire } from 'node:module';
import type { Terminal as Emulator } from '@xterm/xterm';
import { checkoutRoot } from '../../setup/checkout.js';
import { until, type CampusLab } from './campus-lab.js';

// The package is a bundle of CommonJS, whose names an import does not see.
const { Terminal } = createRequire(import.meta.url)('@xterm/xterm') as { readonly Terminal: typeof Emulator };

const COLUMNS = 120;
const ROWS = 60;

/** What a person sees on a terminal on which a command was begun. */
export interface DrawnTerminal {
  /** Its lines as they stand, blank ones left out; also those that were scrolled away. */
  readonly lines: () => readonly string[];
  /** Ctrl-C, and waits until the command has ended. */
  readonly interrupt: () => Promise<void>;
}

/** Begins `safeguard` on a terminal of 120 columns and 60 lines: a real one, by `script`, and an emulator that draws it. */
export function drawn(campus: CampusLab, ...words: readonly string[]): DrawnTerminal {
  const emulator = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true, convertEol: false });
  const cli = ['node', 'bin/safeguard.js', '--config', campus.configFile];
  const command = [...cli, '--address', campus.settings.address, ...words].join(' ');
  const script = `stty cols ${COLUMNS} rows ${ROWS}; exec ${command}`;
  const begun = execa('script', ['--quiet', '--return', '--flush', '--command', script, '/dev/null'], {
    cwd: checkoutRoot(),
    env: { ...process.env, TERM: 'xterm-256color', GITHUB_ACTIONS: '', CI: '' },
    extendEnv: false,
    reject: false,
    buffer: false,
  });
  begun.stdout.on('data', (chunk: Buffer) => emulator.write(chunk));
  const lines = (): readonly string[] => {
    const { active } = emulator.buffer;
    const all = Array.from({ length: active.length }, (_, index) => active.getLine(index));
    return all.map((line) => (line?.translateToString() ?? '').trimEnd()).filter((line) => line !== '');
  };
  return {
    lines,
    interrupt: async () => {
      begun.stdin.write('\u0003');
      await begun;
      emulator.dispose();
    },
  };
}

/** Waits until the terminal shows a line of this form; an error shows the terminal. */
export async function untilDrawn({ lines }: DrawnTerminal, form: RegExp): Promise<void> {
  try {
    await until(`${String(form)} is drawn`, () => Promise.resolve(lines().some((line) => form.test(line))));
  } catch (cause) {
    throw new Error(`${String(form)} was not drawn on\n${lines().join('\n')}`, { cause });
  }
}
