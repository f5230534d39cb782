import type { ClientChannel } from 'ssh2';
import { Sending } from './body.js';
import type { Call, CommandEnd, ExecResult } from './call.js';

/** How to speak to a program that stays for many calls. What it writes are lines; the last one of an answer tells of its end. */
export interface Staying {
  /** What it is told first: one line, with its line feed. */
  readonly invitation: string;
  /** Whether its first line says that it stays. */
  readonly accepts: (line: string) => boolean;
  /** The end that a line tells of; `undefined`: it is a line of the answer. */
  readonly endIn: (line: string) => CommandEnd | undefined;
  /** Whether a line, once in an answer, asks for the body of the call. */
  readonly takesBody: (line: string) => boolean;
  /** Asked after the end: whether all that came made sense, and the program waits for another. One that does not is not asked again. */
  readonly isSound: (end: CommandEnd) => boolean;
}

interface Listener {
  readonly hear: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  readonly gone: () => void;
}

/** A command that stays on its channel and carries out one call after the other. */
export class StayingCommand {
  readonly #channel: ClientChannel;
  #listener: Listener | null = null;
  #isUsable = true;

  constructor(channel: ClientChannel) {
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => this.#hear('stdout', chunk));
    channel.stderr.on('data', (chunk: Buffer) => this.#hear('stderr', chunk));
    // What was asked last may still be read; 'close' comes after it.
    channel.on('exit', () => (this.#isUsable = false));
    channel.on('close', () => this.#end());
    channel.on('error', () => this.close());
    channel.stderr.on('error', () => this.close());
  }

  /** False once it is gone, or has said something that nobody can make sense of. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Ends its input and its channel. */
  close(): void {
    this.#isUsable = false;
    this.#channel.close();
  }

  /**
   * Sends one line, and collects what comes until `endIn` finds the end; `undefined`: the command was gone before. `onLine` gets every
   * other line, also one after the end: there is nothing to say then, and the caller has to judge that. One that asks for the call's body
   * gets it.
   */
  ask(
    input: string,
    call: Call,
    { endIn, takesBody }: Pick<Staying, 'endIn' | 'takesBody'>,
    onLine?: (line: string) => void,
  ): Promise<ExecResult | undefined> {
    return new Promise((resolve) => {
      const { stop, options } = call;
      let end: CommandEnd | undefined;
      let sending: Sending | undefined;
      const output = call.output((line) => {
        if (end) this.close();
        const found = end ? undefined : endIn(line);
        if (found) end = found;
        else if (options.body && !end && !sending && takesBody(line))
          sending = new Sending(options.body, this.#channel, stop);
        else onLine?.(line);
      });
      const hear: Listener['hear'] = (stream, chunk) => {
        call.take(output, stream, chunk);
        if (!end) return;
        this.#listener = null;
        // What is left of a body is no line of the next call.
        if (sending && !sending.end()) this.close();
        call.guard(() => output.end());
        resolve({ ...end, stdout: output.stdout, stderr: output.stderr });
      };
      const gone = (): void => {
        sending?.end();
        resolve(undefined);
      };
      this.#listener = { hear, gone };
      this.#channel.write(input);
    });
  }

  #hear(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.#listener) this.#listener.hear(stream, chunk);
    else this.close();
  }

  #end(): void {
    this.#isUsable = false;
    this.#listener?.gone();
    this.#listener = null;
  }
}
