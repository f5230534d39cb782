import type { Artifact, ComponentManifest, Manifest, SchemaManifest } from '../domain/manifest.js';
import { unitName } from './checks.js';
import type { EnvironmentConfig } from './load.js';
import type { StaticSection, SystemdSection } from './schema.js';

/** What the files of a release add to its configuration. */
export interface ReleaseFiles {
  readonly version: string;
  /** By file name. */
  readonly artifacts: Readonly<Record<string, Artifact>>;
  readonly schema: SchemaManifest | null;
}

function withVersion(text: string, version: string): string {
  return text.replaceAll('{version}', version);
}

function systemd(
  environment: EnvironmentConfig,
  name: string,
  section: SystemdSection,
  artifact: Artifact,
  version: string,
): ComponentManifest {
  return {
    kind: 'systemd',
    artifact,
    unit: unitName(environment, name, section),
    user: section.user,
    exec: section.exec.map((argument) => withVersion(argument, version)),
    environment: Object.fromEntries(
      Object.entries(section.environment).map(([key, value]) => [key, withVersion(value, version)]),
    ),
    secrets: Object.keys(section.secrets).sort(),
    port: section.port,
    stopTimeoutSeconds: section.stop_timeout,
  };
}

function site(environment: EnvironmentConfig, section: StaticSection, artifact: Artifact): ComponentManifest {
  const routes = Object.entries(section.routes).map(([prefix, target]) => {
    const component = environment.components[target];
    return [prefix, component?.kind === 'systemd' ? component.port : 0] as const;
  });
  return {
    kind: 'static',
    artifact,
    listen: section.listen,
    serverName: section.server_name,
    routes: Object.fromEntries(routes),
    ...(section.assets === undefined ? {} : { assets: section.assets }),
  };
}

/** The manifest of a release in an environment. Pure: the same configuration and files give the same manifest. */
export function buildManifest(environment: EnvironmentConfig, files: ReleaseFiles): Manifest {
  const components = Object.entries(environment.components).map(([name, section]) => {
    const artifact = files.artifacts[section.artifact];
    if (artifact === undefined) throw new TypeError(`no artifact ${section.artifact}`);
    const component =
      section.kind === 'systemd'
        ? systemd(environment, name, section, artifact, files.version)
        : site(environment, section, artifact);
    return [name, component] as const;
  });
  return {
    application: environment.application,
    version: files.version,
    components: Object.fromEntries(components),
    ...(files.schema === null ? {} : { schema: files.schema }),
  };
}
