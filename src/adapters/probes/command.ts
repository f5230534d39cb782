import type { SshConnections } from '../ssh/connections.js';
import type { ExecResult } from '../ssh/call.js';
import type { SshTarget } from '../ssh/target.js';
import { attempt, type ProbeOptions } from './attempt.js';

/** Runs a fixed command as the deploying user. Resolves for every exit status. Throws what `SshConnections.exec` throws. */
export async function commandProbe(
  ssh: Pick<SshConnections, 'exec'>,
  target: SshTarget,
  argv: readonly string[],
  options: ProbeOptions = {},
): Promise<ExecResult> {
  const what = `${argv[0] ?? ''} on ${target.name}`;
  return attempt(what, options, (signal) => ssh.exec(target, argv, { signal, maxOutputBytes: 1024 * 1024 }));
}
