import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Lab } from '../lab/lab.js';
import { checkoutRoot } from '../setup/checkout.js';
import { flyway } from '../setup/flyway.js';
import type { Draw } from './draw-types.js';
import type { Answer } from './lab-process.js';

const WEB_HOSTS = 3;

/** Brings a lab up; one that does not come up leaves nothing behind. */
async function labNamed(name: string): Promise<Lab> {
  try {
    const lab = await Lab.up({ name, web: WEB_HOSTS });
    await lab.assertContained();
    return lab;
  } catch (error) {
    await Lab.remove(name);
    throw error;
  }
}

/** A lab, and a process in its network that carries out runs there. */
export class Crew {
  private constructor(
    private readonly lab: Lab,
    private readonly child: ChildProcess,
  ) {}

  /** Brings up the lab `name`. `state`: where runs keep what they need. */
  static async gather(name: string, state: string): Promise<Crew> {
    const lab = await labNamed(name);
    const script = join(checkoutRoot(), 'dist', 'chaos', 'lab-process.js');
    const program = [process.execPath, '--no-warnings', script, name, state];
    const [command = '', ...args] = [...lab.enter(), ...program];
    const child = spawn(command, args, {
      env: { ...process.env, SAFEGUARD_FLYWAY: await flyway() },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return new Crew(lab, child);
  }

  /** Carries out one run. Throws when its process has ended. */
  async carryOut(draw: Draw): Promise<Answer> {
    // Many runs go through one process: each takes its listeners along when it is over.
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.child, 'exit', { signal }).then(() =>
      Promise.reject(new Error(`the process of lab ${this.lab.name} has ended`)),
    );
    this.child.send(draw);
    const answered = once(this.child, 'message', { signal }).then(([answer]) => answer as Answer);
    return Promise.race([answered, ended]).finally(() => over.abort());
  }

  /** Ends the process with all that it started, and takes the lab down. */
  async dismiss(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.disconnect();
      await ended;
    }
    await this.lab.down();
  }
}
