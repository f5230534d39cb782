import { fork, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { checkoutRoot } from '../../setup/checkout.js';
import { until, type CampusLab } from './campus-lab.js';

interface Said {
  readonly said: 'polls' | 'decided' | 'answered';
  readonly answer?: string;
}

/** Compiles the script to where it finds the built product; tests are not part of the build. */
async function compiled(): Promise<string> {
  const source = join(checkoutRoot(), 'test', 'hosts', 'late-worker.ts');
  const script = join(checkoutRoot(), 'dist', 'test', 'hosts', 'late-worker.js');
  const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  await mkdir(dirname(script), { recursive: true });
  await writeFile(script, outputText);
  return script;
}

/** A worker that can be stopped after it decided to send a request to a host, and before it sends it. */
export class LateWorkerProcess {
  private readonly heard: Said[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (said) => this.heard.push(said as Said));
  }

  static async start(campus: CampusLab, operation: string, host: string): Promise<LateWorkerProcess> {
    const child = fork(await compiled(), [campus.configFile, campus.settings.address, operation, host], {
      // Jest gives tests a copy of the environment, which children do not inherit by themselves.
      env: { ...process.env },
      execArgv: [],
    });
    const late = new LateWorkerProcess(child);
    await late.says('polls');
    return late;
  }

  /** Waits until it has decided to send, and stops it in its tracks. */
  async stoppedBeforeSending(): Promise<void> {
    await this.says('decided');
    this.child.kill('SIGSTOP');
  }

  /** Lets it go on and answers what the host said to its request. */
  async sendsLate(): Promise<string> {
    this.goesOn();
    return (await this.says('answered')).answer ?? '';
  }

  /** Lets it go on: it sends its request now. */
  goesOn(): void {
    this.child.kill('SIGCONT');
    this.child.send('go');
  }

  /** Waits until it has reported all that it did, and ended. */
  async over(): Promise<void> {
    await until('the late worker has ended', async () => Promise.resolve(this.isOver));
  }

  private get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private says(what: Said['said']): Promise<Said> {
    return until(`the late worker ${what}`, async () => {
      const found = this.heard.find(({ said }) => said === what);
      if (!found && this.isOver) throw new Error('the late worker ended');
      return Promise.resolve(found);
    });
  }
}
