import { describeSwitches } from '../../domain/switches.js';
import { liftSwitch, whoAndWhy } from '../switches.js';
import type { Terminal } from '../terminal.js';
import { switchAll } from './switch-all.js';
import type { SwitchOptions } from './switch-one.js';

/** `safeguard resume-all`: what `pause-all` paused is let go; what was disabled or frozen beside that stays so. */
export function resumeAll(terminal: Terminal, options: SwitchOptions): Promise<number> {
  return switchAll(
    terminal,
    {
      wish: { kind: 'resume', ...whoAndWhy(options) },
      tell: liftSwitch,
      line: (switches) => {
        if (switches === null) return 'not paused; it never had a run';
        const left = describeSwitches('', switches).map(({ sentence }) => sentence);
        return ['not paused', ...left.map((sentence) => `but ${sentence}`)].join('; ');
      },
    },
    options,
  );
}
