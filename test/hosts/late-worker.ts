// A worker in a process of its own that stops between its decision and its request: told to on its command line, spoken to by
// its parent process. Nothing of the product knows of it.
import { Ansible } from '../../src/adapters/ansible/ansible.js';
import { AnsibleProgram } from '../../src/adapters/ansible/program.js';
import { HostProgram, type ChangeRequest, type HostCallOptions } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import { temporalSettings } from '../../src/adapters/temporal-connection.js';
import { loadConfig } from '../../src/config/load.js';
import { HostRefused } from '../../src/domain/errors.js';
import type { ChangeResult } from '../../src/domain/host-protocol.js';
import { startWorker } from '../../src/worker.js';

const [configFile = '', address = '', operation = '', host = ''] = process.argv.slice(2);

function tell(said: Record<string, string>): void {
  process.send?.(said);
}

let isLate = false;

/** Sends the first request of its kind only when the parent says so, whatever has become of the activity by then. */
async function late<T>(send: () => Promise<T>): Promise<T> {
  isLate = true;
  // It asks for no more work, which would only lie there until somebody noticed.
  worker.stop();
  tell({ said: 'decided' });
  await new Promise((resolve) => process.once('message', resolve));
  try {
    const result = await send();
    tell({ said: 'answered', answer: JSON.stringify(result) });
    return result;
  } catch (error) {
    tell({ said: 'answered', answer: error instanceof HostRefused ? error.hostCode : String(error) });
    throw error;
  }
}

function isWaitedFor(asked: string, target: SshTarget): boolean {
  return !isLate && asked === operation && target.name === host;
}

class LateProgram extends HostProgram {
  override async change(
    target: SshTarget,
    request: ChangeRequest,
    options?: HostCallOptions,
  ): Promise<ChangeResult> {
    if (!isWaitedFor(request.operation, target)) return super.change(target, request, options);
    return late(async () => {
      // A connection of its own: the old one may have ended meanwhile, and the request must reach the host.
      const ssh = new SshConnections();
      try {
        return await new HostProgram(ssh).change(target, request);
      } finally {
        await ssh.close();
      }
    });
  }
}

class LateAnsible extends AnsibleProgram {
  override async requests(...asked: Parameters<AnsibleProgram['requests']>): Promise<ChangeResult[]> {
    const [host, requests, secrets] = asked;
    const isAsked = requests.some((request) => isWaitedFor(request.operation, host.target));
    return isAsked ? late(() => super.requests(host, requests, secrets)) : super.requests(...asked);
  }
}

const ssh = new SshConnections();
const worker = await startWorker({
  config: loadConfig(configFile),
  settings: temporalSettings({ address, environment: {} }),
  instead: { ssh, program: new LateProgram(ssh), ansible: new LateAnsible(new Ansible()) },
});
tell({ said: 'polls' });
await worker.done;
await ssh.close();
process.disconnect();
