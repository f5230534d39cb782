import { commandProbe } from '../adapters/probes/command.js';
import { fromHere } from '../adapters/probes/dial.js';
import { queryPrometheus } from '../adapters/probes/prometheus.js';
import { tcpProbe } from '../adapters/probes/tcp.js';
import { tlsProbe } from '../adapters/probes/tls.js';
import type { SshConnections } from '../adapters/ssh/connections.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import { askWeb } from '../checks/web.js';
import {
  fail,
  pass,
  type CommandCheck,
  type ContainerCheck,
  type Observation,
  type PrometheusCheck,
  type TcpCheck,
  type TlsCheck,
  type WebCheck,
} from '../domain/check.js';
import { SafeguardError } from '../domain/errors.js';
import { judgeCommand, judgeContainer, judgeSamples, judgeWeb } from '../domain/judging-own.js';
import { judgeCertificate } from '../domain/smoke.js';
import { certificates, keysTo } from './guarded.js';

/** Of one look. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

async function lookAtWeb(check: WebCheck, limits: Limits): Promise<Observation> {
  const { headers, ca } = await keysTo(check.name, check);
  const request = { url: new URL(check.url), headers: { ...check.headers, ...headers } };
  return judgeWeb(check, await askWeb(request, { ...limits, ca }));
}

async function lookAtPrometheus(check: PrometheusCheck, limits: Limits): Promise<Observation> {
  const place = { url: check.url, ...(await keysTo(check.name, check)) };
  return judgeSamples(check, await queryPrometheus(place, check.query, limits));
}

async function lookAtCertificate(
  { host, port, ca, daysLeft }: TlsCheck,
  limits: Limits,
): Promise<Observation> {
  const trusted = await certificates(ca);
  const ask = { serverName: host, ...(trusted === undefined ? {} : { ca: trusted }), ...limits };
  return judgeCertificate(daysLeft, await tlsProbe(fromHere(host, port), ask), new Date());
}

/** Looks from this machine. Throws coded errors where it can't be carried out. */
export async function lookOutside(
  check: WebCheck | TcpCheck | TlsCheck | PrometheusCheck,
  limits: Limits,
): Promise<Observation> {
  switch (check.kind) {
    case 'web':
      return lookAtWeb(check, limits);
    case 'tcp':
      return pass(`accepted in ${await tcpProbe(fromHere(check.host, check.port), limits)} ms`);
    case 'tls':
      return lookAtCertificate(check, limits);
    case 'prometheus':
      return lookAtPrometheus(check, limits);
  }
}

/** `timeout` ends a command on the host, where the end of the connection would not; it is to be earlier than the look's own limit. */
const OF_THE_LIMIT = 0.8;
/** And so much later it kills what does not end by itself. */
const KILLED_LATER = 0.1;

/** The words by which a host runs a command for so long at most, with all that it starts. */
export function watchedCommand(argv: readonly string[], timeoutMs: number): readonly string[] {
  const seconds = (share: number): string => `${((timeoutMs * share) / 1000).toFixed(3)}s`;
  return ['timeout', `--kill-after=${seconds(KILLED_LATER)}`, seconds(OF_THE_LIMIT), ...argv];
}

/** Runs a command of the user's on a host, as the deploying user. Throws coded errors where it can't be carried out. */
export async function lookByCommand(
  ssh: Pick<SshConnections, 'exec'>,
  target: SshTarget,
  check: CommandCheck | ContainerCheck,
  limits: Limits,
  hide: (output: string) => string,
): Promise<Observation> {
  const argv =
    check.kind === 'command'
      ? check.argv
      : [check.engine, 'container', 'inspect', '--format', '{{json .State}}', check.container];
  try {
    const ended = await commandProbe(ssh, target, watchedCommand(argv, limits.timeoutMs), limits);
    // Before anything is cut or quoted: half a secret is one, too.
    const shown = { ...ended, stdout: hide(ended.stdout), stderr: hide(ended.stderr) };
    if (check.kind === 'container') return judgeContainer(check, shown);
    return judgeCommand(check, shown, (limits.timeoutMs * OF_THE_LIMIT) / 1000);
  } catch (error) {
    // It was run, and it is its own doing.
    if (error instanceof SafeguardError && error.code === 'HOST_OUTPUT_TOO_LARGE') return fail(error.message);
    throw error;
  }
}
