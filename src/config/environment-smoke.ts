import { createHash } from 'node:crypto';
import type { PlannedSmoke } from '../domain/smoke-report.js';
import type { SmokeTest } from '../domain/smoke.js';
import { SafeguardError } from '../domain/errors.js';
import type { EnvironmentConfig } from './load.js';
import { readConfigText } from './read-text.js';
import { parseSmoke, testsOfLevel, type SmokeSuite } from './smoke.js';

/** The smoke tests of one deployment. */
export interface DeploymentSmoke extends PlannedSmoke {
  readonly suite: SmokeSuite;
  /** Those of the environment's level. */
  readonly asked: readonly SmokeTest[];
}

/**
 * Reads the smoke tests of an environment for a version; `null`: it has none.
 * @throws SafeguardError CONFIG_INVALID
 */
export function smokeOf(
  { smoke }: Pick<EnvironmentConfig, 'smoke'>,
  version: string,
): DeploymentSmoke | null {
  if (smoke === null) return null;
  const { file, level, url, vars } = smoke;
  const text = readConfigText(file, 'smoke.yaml');
  const suite = parseSmoke(file, text, { ...vars, version });
  const asked = testsOfLevel(suite, level);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { file, sha256, level, url, tests: asked.length, suite, asked };
}

/** Where a host's own site is asked: its port, and the name that it is asked by. */
export interface SiteOfHost {
  readonly port: number;
  readonly name: string;
}

/** The site that users come in by, or where there is none the first service. */
export function siteOf({ components }: Pick<EnvironmentConfig, 'components'>): SiteOfHost {
  const all = Object.values(components);
  for (const component of all)
    if (component.kind === 'static') return { port: component.listen, name: nameOf(component.server_name) };
  for (const component of all)
    if (component.kind === 'systemd') return { port: component.port, name: 'localhost' };
  throw new SafeguardError('INTERNAL', 'The environment has no component that could be asked.');
}

/** nginx answers `_` and patterns whatever it is asked by. */
function nameOf(serverName: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(serverName) ? serverName : 'localhost';
}
