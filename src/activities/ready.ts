import { setTimeout as delay } from 'node:timers/promises';
import { commandProbe } from '../adapters/probes/command.js';
import { throughHost } from '../adapters/probes/dial.js';
import { httpProbe } from '../adapters/probes/http.js';
import { systemdProbe } from '../adapters/probes/systemd.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import type { EnvironmentConfig } from '../config/load.js';
import { SafeguardError } from '../domain/errors.js';
import type { ReleaseComponent } from '../domain/release.js';
import type { Dependencies } from './dependencies.js';
import type { Pulse } from './pulse.js';
import { withoutSecrets } from './secrets.js';

const POLL_MS = 100;
const PROBE_TIMEOUT_MS = 5_000;
const LOG_LINES = 3;
const LOG_CHARACTERS = 120;
const CRASH_LOOP_RESTARTS = 2;

type Ssh = Dependencies['ssh'];

/** Says why the component does not answer yet; `null` when it is ready. */
async function notReady(
  ssh: Ssh,
  target: SshTarget,
  component: ReleaseComponent,
  signal: AbortSignal,
): Promise<string | null> {
  const { port, path } = component.ready;
  try {
    const answer = await httpProbe(throughHost(ssh, target, port), {
      path,
      signal,
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    return answer.status === 200 ? null : `${path} answers ${answer.status}`;
  } catch (error) {
    const { code } = error instanceof SafeguardError ? error : { code: null };
    if (code === 'NOT_REACHED' || code === 'PROBE_FAILED') return `${path} does not answer`;
    throw error;
  }
}

/** The last lines of a unit's log; a look only, so a host that does not give them is no further trouble. */
async function logTail(ssh: Ssh, target: SshTarget, unit: string, signal: AbortSignal): Promise<string> {
  const argv = [
    'journalctl',
    '--no-pager',
    '--quiet',
    '--output=cat',
    `--lines=${LOG_LINES}`,
    '--unit',
    unit,
  ];
  const { stdout } = await commandProbe(ssh, target, argv, { signal, timeoutMs: PROBE_TIMEOUT_MS });
  const lines = stdout.split('\n').map((line) => line.trim().slice(0, LOG_CHARACTERS));
  return lines.filter((line) => line !== '').join(' / ');
}

/** Why waiting on is useless, or `null`. */
async function givenUp(
  ssh: Ssh,
  target: SshTarget,
  { unit }: ReleaseComponent,
  signal: AbortSignal,
): Promise<string | null> {
  const state = await systemdProbe(ssh, target, unit, { signal, timeoutMs: PROBE_TIMEOUT_MS });
  if (state.activeState === 'failed') return `${unit} has failed (${state.result})`;
  return state.restarts > CRASH_LOOP_RESTARTS
    ? `${unit} is in a crash loop (${state.restarts} restarts)`
    : null;
}

/**
 * Polls until a component answers 200, at once noticing a service that has given up.
 * @throws SafeguardError NOT_READY with the end of the service's log, secrets taken out
 */
export async function untilReady(
  { ssh }: Pick<Dependencies, 'ssh'>,
  target: SshTarget,
  component: ReleaseComponent,
  { signal, say }: Pulse,
  environment: EnvironmentConfig,
): Promise<void> {
  const deadline = Date.now() + component.ready.timeoutSeconds * 1000;
  for (let looks = 0; ; looks += 1) {
    const reason = await notReady(ssh, target, component, signal);
    if (reason === null) return;
    say(`${component.name}: ${reason}`);
    const hopeless = looks % 5 === 4 ? await givenUp(ssh, target, component, signal) : null;
    if (hopeless !== null || Date.now() > deadline) {
      const tail = withoutSecrets(environment, await logTail(ssh, target, component.unit, signal));
      const after = hopeless ?? `${reason} after ${component.ready.timeoutSeconds} s`;
      throw new SafeguardError('NOT_READY', `Not ready: ${after}.${tail === '' ? '' : ` Log: ${tail}`}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
