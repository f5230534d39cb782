import { commandProbe } from '../adapters/probes/command.js';
import { fromHere } from '../adapters/probes/dial.js';
import { queryPrometheus } from '../adapters/probes/prometheus.js';
import { tcpProbe } from '../adapters/probes/tcp.js';
import { tlsProbe } from '../adapters/probes/tls.js';
import type { SshConnections } from '../adapters/ssh/connections.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import { askWeb } from '../checks/web.js';
import type { EnvironmentConfig } from '../config/load.js';
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
import { judgeCommand, judgeContainer, judgeSamples, judgeWeb, type Ended } from '../domain/judging-own.js';
import { judgeCertificate } from '../domain/smoke.js';
import { askEngine, type EngineAccess } from './ask-engine.js';
import { certificates, keysTo } from './guarded.js';
import { OF_THE_LIMIT, watchedCommand, type Limits } from './watched-command.js';

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

/** Runs a command of the user's on a host, as the deploying user. Throws coded errors where it can't be carried out. */
export async function lookByCommand(
  ssh: Pick<SshConnections, 'exec'>,
  target: SshTarget,
  check: CommandCheck,
  limits: Limits,
  hide: (output: string) => string,
): Promise<Observation> {
  const look = async (): Promise<Observation> => {
    const ended = await commandProbe(ssh, target, watchedCommand(check.argv, limits.timeoutMs), limits);
    return judgeCommand(check, withoutSecrets(ended, hide), (limits.timeoutMs * OF_THE_LIMIT) / 1000);
  };
  return itsOwnDoing(look);
}

/** Asks for a container on a host. Throws coded errors where the host can't be asked. */
export async function lookAtContainer(
  access: EngineAccess,
  environment: Pick<EnvironmentConfig, 'application' | 'name'>,
  target: SshTarget,
  check: ContainerCheck,
  limits: Limits,
  hide: (output: string) => string,
): Promise<Observation> {
  const { engine, container, rootless = false } = check;
  return itsOwnDoing(async () => {
    const ended = await askEngine(access, environment, target, { engine, container, rootless }, limits);
    return judgeContainer(check, withoutSecrets(ended, hide));
  });
}

/** Before anything is cut or quoted: half a secret is one, too. */
function withoutSecrets(ended: Ended, hide: (output: string) => string): Ended {
  return { ...ended, stdout: hide(ended.stdout), stderr: hide(ended.stderr) };
}

/** What floods its output was run, so that it says no. */
async function itsOwnDoing(look: () => Promise<Observation>): Promise<Observation> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof SafeguardError && error.code === 'HOST_OUTPUT_TOO_LARGE') return fail(error.message);
    throw error;
  }
}
