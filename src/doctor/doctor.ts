import type { TemporalSettings } from '../adapters/temporal-connection.js';
import type { Config } from '../config/load.js';
import type { Finding } from '../domain/finding.js';
import { ansibleFileFindings } from './files.js';
import { nodeFinding, programFindings } from './machine.js';
import { placeFindings } from './places.js';
import { sshFindings } from './ssh.js';
import { temporalFindings } from './temporal.js';

/** What is to be looked at. */
export interface Patient {
  readonly settings: TemporalSettings;
  /** `null`: there is none that could be read. */
  readonly config: Config | null;
  /** This machine carries deployments out, and does not only start them. */
  readonly isRunner: boolean;
}

async function runnerFindings(config: Config): Promise<Finding[]> {
  const environments = [...config.environments.values()];
  const found = [
    programFindings(environments),
    ansibleFileFindings(environments),
    sshFindings(environments),
    placeFindings(config),
  ];
  return (await Promise.all(found)).flat();
}

/** Looks at everything that a deployment needs beside the hosts. Changes nothing, and asks no host. */
export async function examine({ settings, config, isRunner }: Patient): Promise<Finding[]> {
  const [temporal, runner] = await Promise.all([
    temporalFindings(settings, config?.application ?? null),
    isRunner && config ? runnerFindings(config) : [],
  ]);
  return [nodeFinding(), ...temporal, ...runner];
}
