import type { NodeSSH } from 'node-ssh';
import type { ClientChannel } from 'ssh2';
import type { Call, CommandEnd, ExecResult } from './call.js';
import { StayingCommand, type Staying } from './staying-command.js';

/** Commands of a connection that wait for a call. With those that work (`maxSessions`) they are no more than sshd allows. */
const MOST_IDLE = 2;

interface Idle {
  readonly line: string;
  readonly command: StayingCommand;
  readonly timer: NodeJS.Timeout;
}

/**
 * The commands of one connection that stay: a call takes one that waits, or starts one, so that calls at once have one each. One that
 * did not end its answer properly, for whatever reason, is closed and never asked again.
 */
export class StayingCommands {
  #idle: Idle[] = [];
  readonly #refusing = new Set<string>();
  readonly #stayMs: number;

  /** `stayMs`: how long one waits before it is let go. */
  constructor(stayMs: number) {
    this.#stayMs = stayMs;
  }

  /**
   * Has a call carried out by a command that stays; `undefined`: nothing was asked, because the caller or the program does not want that.
   * Throws CONNECTION_LOST when the command was gone before its answer ended.
   */
  async ask(ssh: NodeSSH, line: string, call: Call): Promise<ExecResult | undefined> {
    const { stay, stdin, onStdoutLine } = call.options;
    if (!stay || typeof stdin !== 'string' || this.#refusing.has(line)) return undefined;
    const command = this.#take(line) ?? (await this.#start(ssh, line, stay, call));
    if (!command) return undefined;
    const answer = await closedOnStop(command, call, () => command.ask(stdin, call, stay, onStdoutLine));
    if (!answer) throw call.lost();
    if (stay.isSound(answer)) this.#keep(line, command);
    else command.close();
    return answer;
  }

  /** `undefined`: it does not stay, or the call was stopped meanwhile. */
  async #start(ssh: NodeSSH, line: string, stay: Staying, call: Call): Promise<StayingCommand | undefined> {
    const command = new StayingCommand(await openChannel(ssh, line, call));
    const endIn = (first: string): CommandEnd => ({ code: stay.accepts(first) ? 0 : 1, signal: null });
    const judge = { endIn, takesBody: () => false };
    const told = await closedOnStop(command, call, () => command.ask(stay.invitation, call, judge));
    if (told?.code === 0 && command.isUsable) return command;
    command.close();
    if (!call.stop.signal.aborted) this.#refusing.add(line);
    return undefined;
  }

  #take(line: string): StayingCommand | undefined {
    const found = this.#idle.findLast((one) => one.line === line && one.command.isUsable);
    if (found) this.#forget(found);
    return found?.command;
  }

  #keep(line: string, command: StayingCommand): void {
    this.#idle = this.#idle.filter((one) => one.command.isUsable);
    if (!command.isUsable) return;
    if (this.#idle.length >= MOST_IDLE) {
      command.close();
      return;
    }
    const idle: Idle = {
      line,
      command,
      timer: setTimeout(() => {
        this.#forget(idle);
        command.close();
      }, this.#stayMs).unref(),
    };
    this.#idle.push(idle);
  }

  #forget(idle: Idle): void {
    clearTimeout(idle.timer);
    this.#idle = this.#idle.filter((one) => one !== idle);
  }
}

function openChannel({ connection }: NodeSSH, line: string, call: Call): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    if (connection)
      connection.exec(line, (error, channel) => (error ? reject(call.notStarted(error)) : resolve(channel)));
    else reject(call.lost());
  });
}

/** A command whose call was stopped may be in the middle of it: it is not asked again. */
async function closedOnStop<T>(
  command: StayingCommand,
  { stop: { signal } }: Call,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  const close = (): void => command.close();
  signal.addEventListener('abort', close);
  try {
    if (!signal.aborted) return await ask();
    close();
    return undefined;
  } finally {
    signal.removeEventListener('abort', close);
  }
}
