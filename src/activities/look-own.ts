import { readFile } from 'node:fs/promises';
import { commandProbe } from '../adapters/probes/command.js';
import { fromHere } from '../adapters/probes/dial.js';
import { queryPrometheus } from '../adapters/probes/prometheus.js';
import { tcpProbe } from '../adapters/probes/tcp.js';
import { tlsProbe } from '../adapters/probes/tls.js';
import { readSecret } from '../adapters/secrets.js';
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
import { OF_THE_LIMIT, watchedCommand, type Limits } from './watched-command.js';

/** Certificates that are trusted; `undefined`: those of Node.js. */
async function certificates(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SafeguardError('CONFIG_INVALID', `The certificates of a check can't be read (file ${file}).`, {
      cause,
    });
  }
}

async function lookAtWeb(check: WebCheck, limits: Limits): Promise<Observation> {
  const secrets = Object.entries(check.secretHeaders).map(
    ([header, at]) => [header, readSecret(at, `${check.name}: ${header}`)] as const,
  );
  const headers = { ...check.headers, ...Object.fromEntries(secrets) };
  const ca = await certificates(check.ca);
  return judgeWeb(check, await askWeb({ url: new URL(check.url), headers }, { ...limits, ca }));
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
      return judgeSamples(check, await queryPrometheus(check.url, check.query, limits));
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
