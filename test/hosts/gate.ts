import { Ansible } from '../../src/adapters/ansible/ansible.js';
import { AnsibleProgram } from '../../src/adapters/ansible/program.js';
import { HostProgram, type ChangeRequest, type HostCallOptions } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { HostRefused } from '../../src/domain/errors.js';
import type { ChangeResult } from '../../src/domain/host-protocol.js';

type Operation = ChangeRequest['operation'] | 'stage';

/** A request that waits at the gate. */
export interface Held {
  /** Resolves once the request has come. */
  readonly reached: Promise<string>;
  /** Sends it, whatever has become of its activity meanwhile; answers `done` or the host's code of refusal. */
  letGo(): Promise<string>;
}

interface Waiting {
  readonly operation: Operation;
  readonly host: string;
  readonly arrive: (said: string) => void;
  readonly gone: Promise<string>;
  readonly answer: (said: string) => void;
}

function resolvable<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Stands between a worker's decision and its request to a host: what a test has announced waits there until it is let go. */
export class Gate {
  private readonly ssh = new SshConnections();
  private readonly waiting: Waiting[] = [];
  private readonly openings: (() => void)[] = [];

  /** What a worker is given in place of its own. */
  get instead(): Partial<Dependencies> {
    return {
      ssh: this.ssh,
      program: new GatedProgram(this.ssh, this.waiting),
      ansible: new GatedAnsible(this.waiting),
    };
  }

  /** Holds the next request for this operation to this host; a second call holds the one after it. */
  hold(operation: Operation, host: string): Held {
    const [reached, gone, answered] = [resolvable<string>(), resolvable<string>(), resolvable<string>()];
    const { promise, resolve: answer } = answered;
    this.waiting.push({ operation, host, arrive: reached.resolve, gone: gone.promise, answer });
    const open = (): void => gone.resolve('gone');
    this.openings.push(open);
    const letGo = (): Promise<string> => {
      open();
      return promise;
    };
    return { reached: reached.promise, letGo };
  }

  /** Lets go of everything, and holds nothing that was announced before. */
  open(): void {
    this.waiting.splice(0);
    for (const opening of this.openings.splice(0)) opening();
  }

  async close(): Promise<void> {
    await this.ssh.close();
  }
}

/** Those who wait for one of these requests, one for each, each taken off the list. */
function taken(waiting: Waiting[], asked: readonly Operation[], { name }: SshTarget): Waiting[] {
  return asked.flatMap((operation) => {
    const index = waiting.findIndex((one) => one.operation === operation && one.host === name);
    return index < 0 ? [] : waiting.splice(index, 1);
  });
}

/** Sends at once what nobody waits for, and the rest when it is let go. */
async function pass<T>(
  held: readonly Waiting[],
  options: HostCallOptions,
  send: (options: HostCallOptions) => Promise<T>,
): Promise<T> {
  if (held.length === 0) return send(options);
  for (const { arrive } of held) arrive('here');
  for (const { gone } of held) await gone;
  const { timeoutMs, onProgress } = options;
  // Without the activity's signal: this request is on its way, whoever would rather have it back.
  const rest = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(onProgress ? { onProgress } : {}) };
  try {
    const result = await send(rest);
    for (const { answer } of held) answer('done');
    return result;
  } catch (error) {
    for (const { answer } of held) answer(error instanceof HostRefused ? error.hostCode : String(error));
    throw error;
  }
}

class GatedProgram extends HostProgram {
  constructor(
    ssh: SshConnections,
    private readonly waiting: Waiting[],
  ) {
    super(ssh);
  }

  override async change(
    target: SshTarget,
    request: ChangeRequest,
    options: HostCallOptions = {},
  ): Promise<ChangeResult> {
    const held = taken(this.waiting, [request.operation], target);
    return pass(held, options, (now) => super.change(target, request, now));
  }

  override async stage(...asked: Parameters<HostProgram['stage']>): Promise<ChangeResult> {
    const [target, request, archive, options = {}] = asked;
    const held = taken(this.waiting, ['stage'], target);
    return pass(held, options, (now) => super.stage(target, request, archive, now));
  }
}

/** What goes to a host in one play is one request here; a host that is waited for has a play of its own. */
class GatedAnsible extends AnsibleProgram {
  constructor(private readonly waiting: Waiting[]) {
    super(new Ansible());
  }

  override async requests(...asked: Parameters<AnsibleProgram['requests']>): Promise<ChangeResult[]> {
    const [host, requests, secrets, options = {}, mode] = asked;
    const operations = requests.map(({ operation }) => operation);
    const held = taken(this.waiting, operations, host.target);
    return pass(held, options, (now) => super.requests(host, requests, secrets, now, mode));
  }
}
