import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { checkoutRoot } from '../../setup/checkout.js';
import type { CampusLab } from './campus-lab.js';

/** A worker as users run it, in a process of its own, so that it can be killed. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(campus: Pick<CampusLab, 'configFile' | 'settings'>): Promise<WorkerProcess> {
    const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
    const argv = [cli, '--config', campus.configFile, '--address', campus.settings.address, 'worker'];
    const child = spawn(process.execPath, argv, {
      // Jest gives tests a copy of the environment, which children do not inherit by themselves.
      env: { ...process.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It says a line when it polls.
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('the worker ended'))),
    ]);
    return new WorkerProcess(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Ends it and waits until it is gone. */
  async signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  /** Stops it where it is, and lets it go on. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }
}
