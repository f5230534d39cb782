import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 100;
/** A process shows its starter's words until it has become what it was started for. */
const SETTLED_LOOKS = 3;

/** Collects the command lines of all processes of this machine, those of the lab's hosts among them. */
export class CommandLines {
  readonly seen = new Set<string>();
  private readonly looks = new Map<string, number>();
  private isWanted = true;
  private readonly ended = this.watch();

  async stop(): Promise<void> {
    this.isWanted = false;
    await this.ended;
  }

  private async watch(): Promise<void> {
    while (this.isWanted) {
      const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
      const present = new Set(pids);
      for (const pid of this.looks.keys()) if (!present.has(pid)) this.looks.delete(pid);
      for (const pid of pids) this.look(pid);
      await delay(PAUSE_MS);
    }
  }

  private look(pid: string): void {
    const looks = this.looks.get(pid) ?? 0;
    if (looks >= SETTLED_LOOKS) return;
    this.looks.set(pid, looks + 1);
    try {
      this.seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch (error) {
      // It has ended since it was listed.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
