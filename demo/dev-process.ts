import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Lab } from '../lab/lab.js';
import { say } from '../setup/say.js';
import type { Campus } from './campus.js';
import { safeguardCommand } from './safeguard.js';

/** `safeguard dev`: the embedded Temporal server with its Web UI, and a worker. */
export class DevProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(lab: Lab, campus: Campus): Promise<DevProcess> {
    say('starting safeguard dev (Temporal server, Web UI, worker)');
    const log = `${campus.directory}/dev.log`;
    const [program, ...args] = safeguardCommand(lab, campus, [
      'dev',
      '--state',
      `${campus.directory}/temporal`,
    ]);
    const child = spawn(program, args, {
      env: { ...process.env, ...campus.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.pipe(createWriteStream(log));
    const ready = new Promise<void>((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        if (line.startsWith('Ready')) resolve();
      });
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`safeguard dev ended before it was ready; see ${log}`);
    });
    await Promise.race([ready, ended]);
    // From here on its end is no error: the story asks it to stop.
    ended.catch(() => undefined);
    return new DevProcess(child);
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }
}
