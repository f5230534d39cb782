/**
 * A release as data. Its identity is the SHA-256 of its canonical JSON: a re-pushed archive, a changed setting
 * or another migration is another release, whatever the version says.
 */
export interface Manifest {
  readonly application: string;
  /** The release's name, for people. */
  readonly version: string;
  readonly components: Readonly<Record<string, ComponentManifest>>;
  readonly schema?: SchemaManifest;
}

export type ComponentManifest = SystemdManifest | StaticManifest;

/** An archive (`.tar.gz`) that a component's files come from. */
export interface Artifact {
  readonly file: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** A program that systemd runs. `{release}` in `exec` and `environment` stands for the component's release directory. */
export interface SystemdManifest {
  readonly kind: 'systemd';
  readonly artifact: Artifact;
  /** Unit name with `.service`. */
  readonly unit: string;
  readonly user: string;
  readonly exec: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Names of environment variables whose values are secret; the values travel apart and are no part of the identity. */
  readonly secrets: readonly string[];
  readonly port: number;
  readonly stopTimeoutSeconds: number;
  /** In a composite release: the version that the component was released as, which it is told as `SAFEGUARD_VERSION`. */
  readonly releasedAs?: string;
}

/** Files that nginx serves, and the routes it passes on. */
export interface StaticManifest {
  readonly kind: 'static';
  readonly artifact: Artifact;
  readonly listen: number;
  readonly serverName: string;
  /** Path prefix (`/api/`) → port on the same host. */
  readonly routes: Readonly<Record<string, number>>;
  /** Path prefix whose files stay served from the previous release when the new one lacks them. */
  readonly assets?: string;
}

/** The migrations a release brings, and the schema versions it works with. */
export interface SchemaManifest {
  /** In the order they are applied. */
  readonly migrations: readonly { readonly file: string; readonly sha256: string }[];
  /** The schema version that this release's migrations lead to. */
  readonly target: string;
  /** Lowest and highest schema version that this release works with, both included. */
  readonly tolerates: { readonly min: string; readonly max: string };
}

/** A release by name and identity; what travels in plans, tokens and messages. */
export interface ReleaseRef {
  readonly version: string;
  /** SHA-256 of the manifest, lower-case hexadecimal. */
  readonly digest: string;
}
