import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../src/adapters/ssh/target.js';
import type { HostInspection } from '../../src/domain/host-protocol.js';
import { environmentWorkflowId, status, type EnvironmentStatus } from '../../src/workflows/messages.js';
import type { CampusLab } from './campus-lab.js';

/** What requests of a test's own address. */
export const CAMPUS = { application: 'campus', environment: 'production' } as const;

/** How a test reaches a host without a worker. */
export function targetOf({ lab }: CampusLab, host: string): SshTarget {
  const { deployUser: user, keyFile: privateKeyFile, knownHostsFile } = lab;
  return { name: host, address: lab.host(host).address, port: 22, user, privateKeyFile, knownHostsFile };
}

/** Speaks to hosts without a worker, over connections that are closed at the end. */
export async function directly<T>(speak: (program: HostProgram) => Promise<T>): Promise<T> {
  const ssh = new SshConnections();
  try {
    return await speak(new HostProgram(ssh));
  } finally {
    await ssh.close();
  }
}

/** Looks at a host without a worker. */
export async function inspect(campus: CampusLab, host: string): Promise<HostInspection> {
  return directly((program) => program.inspect(targetOf(campus, host), CAMPUS));
}

/** What the environment says of itself. */
export async function environmentStatus({ client }: CampusLab): Promise<EnvironmentStatus> {
  return client.workflow.getHandle(environmentWorkflowId('campus', 'production')).query(status);
}
