import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { releaseChecks, releaseComponents } from '../config/checks.js';
import { assertVersion, type EnvironmentConfig } from '../config/load.js';
import { buildManifest } from '../config/manifest.js';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import { SafeguardError } from '../domain/errors.js';
import type { Artifact, Manifest, ReleaseRef, SchemaManifest } from '../domain/manifest.js';
import type { Release } from '../domain/release.js';

const schemaVersion = z.string().regex(/^\d{1,9}(\.\d{1,9})*$/);
const releaseFile = z.strictObject({
  version: z.string(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .nullable()
    .default(null),
  schema: z
    .strictObject({
      target: schemaVersion,
      tolerates: z.strictObject({ min: schemaVersion, max: schemaVersion }),
    })
    .optional(),
});

/** How much of an archive is read at once: with Node's own 64 kB, a good part of sending it is waiting for the next piece. */
const READ_BYTES = 256 * 1024;

const CHECKSUM_LINE = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._/-]*)$/;

/** A release as its directory on the runner has it: `release.json`, `SHA256SUMS`, archives, migrations. */
export interface ResolvedRelease {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly release: Release;
}

/** SHA-256 of the manifest's canonical JSON: the release's identity. */
export function manifestDigest(manifest: Manifest): string {
  return createHash('sha256')
    .update(canonicalJson(manifest as unknown as Json))
    .digest('hex');
}

/** Most bytes of `release.json` and of `SHA256SUMS`: 30 000 migrations would fit in. */
const MOST_BYTES = 4 * 1024 * 1024;

async function readText(file: string, version: string): Promise<string> {
  const found = await stat(file).catch((cause: unknown) => Promise.reject(unreadable(file, version, cause)));
  if (!found.isFile() || found.size > MOST_BYTES)
    throw new SafeguardError('RELEASE_INVALID', `${file} is no file of at most ${MOST_BYTES} bytes.`);
  return readFile(file, 'utf8').catch((cause: unknown) => Promise.reject(unreadable(file, version, cause)));
}

function unreadable(file: string, version: string, cause: unknown): SafeguardError {
  return new SafeguardError('RELEASE_NOT_FOUND', `Release ${version}: ${file} can't be read.`, { cause });
}

function parseChecksums(text: string, file: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line, index) => {
      const [, sha256, name] = CHECKSUM_LINE.exec(line) ?? [];
      if (sha256 === undefined || name === undefined || name.split('/').includes('..')) {
        throw new SafeguardError('RELEASE_INVALID', `${file}:${index + 1} is not a line of sha256sum.`);
      }
      return [name, sha256];
    }),
  );
}

function parseReleaseFile(text: string, file: string, version: string): z.output<typeof releaseFile> {
  try {
    const parsed = releaseFile.parse(JSON.parse(text));
    if (parsed.version !== version) throw new Error(`it is release ${parsed.version}`);
    return parsed;
  } catch (cause) {
    throw new SafeguardError(
      'RELEASE_INVALID',
      `${file} is not a description of release ${version}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function artifact(directory: string, file: string, sums: Map<string, string>): Promise<Artifact> {
  const sha256 = sums.get(file);
  const size = await stat(join(directory, file)).then(
    // A device or a pipe would be read without end.
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (sha256 === undefined || size === undefined) {
    throw new SafeguardError(
      'RELEASE_NOT_FOUND',
      `${join(directory, file)} is missing, or SHA256SUMS has no line for it.`,
    );
  }
  return { file, sha256, size };
}

/** Flyway's order: by version, numerically, part by part. */
function byMigrationVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function schemaOf(
  environment: EnvironmentConfig,
  description: z.output<typeof releaseFile>,
  sums: Map<string, string>,
): SchemaManifest | null {
  if (environment.migrations === undefined || description.schema === undefined) return null;
  const prefix = `${environment.migrations.directory}/`;
  const migrations = [...sums]
    .filter(([name]) => name.startsWith(prefix) && name.endsWith('.sql'))
    .map(([name, sha256]) => ({ file: name.slice(prefix.length), sha256 }))
    .sort((a, b) => byMigrationVersion(a.file, b.file));
  return { migrations, ...description.schema };
}

/**
 * Reads a release's description and computes its identity, without reading the archives themselves.
 * @throws SafeguardError VERSION_INVALID, RELEASE_NOT_FOUND, RELEASE_INVALID
 */
export async function resolveRelease(
  environment: EnvironmentConfig,
  version: string,
): Promise<ResolvedRelease> {
  assertVersion(environment, version);
  const directory = environment.releaseDirectory.replaceAll('{version}', version);
  const descriptionFile = join(directory, 'release.json');
  const description = parseReleaseFile(await readText(descriptionFile, version), descriptionFile, version);
  const sumsFile = join(directory, 'SHA256SUMS');
  const sums = parseChecksums(await readText(sumsFile, version), sumsFile);
  const files = [...new Set(Object.values(environment.components).map((component) => component.artifact))];
  const artifacts = await Promise.all(
    files.map(async (file) => [file, await artifact(directory, file, sums)] as const),
  );
  const schema = schemaOf(environment, description, sums);
  const manifest = buildManifest(environment, { version, artifacts: Object.fromEntries(artifacts), schema });
  const release: Release = {
    version,
    digest: manifestDigest(manifest),
    gitSha: description.commit,
    components: releaseComponents(environment),
    schema,
    checks: releaseChecks(environment, () => version, schema),
  };
  return { directory, manifest, release };
}

/**
 * Reads a release again and insists that it is still the one that was planned.
 * @throws SafeguardError RELEASE_CHANGED and those of {@link resolveRelease}
 */
export async function resolveExactly(
  environment: EnvironmentConfig,
  expected: ReleaseRef,
): Promise<ResolvedRelease> {
  const resolved = await resolveRelease(environment, expected.version);
  if (resolved.release.digest === expected.digest) return resolved;
  throw new SafeguardError(
    'RELEASE_CHANGED',
    `Release ${expected.version} is now ${resolved.release.digest.slice(0, 8)}, but ${expected.digest.slice(0, 8)} was planned.`,
  );
}

/** Where a component's archive lies. */
export function artifactPath(release: ResolvedRelease, component: string): string {
  const file = release.manifest.components[component]?.artifact.file;
  if (file === undefined)
    throw new SafeguardError('INTERNAL', `Release ${release.release.version} has no component ${component}.`);
  return join(release.directory, file);
}

/** The bytes of an artifact; a chunk is good until the next one is asked for. */
export function openArtifact(release: ResolvedRelease, component: string): AsyncGenerator<Buffer, void> {
  return chunksOf(artifactPath(release, component));
}

/** All in one buffer. With one for each chunk, V8 goes through all memory of the worker each time they come to 32 MB. */
async function* chunksOf(path: string): AsyncGenerator<Buffer, void> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of chunksOf(file)) hash.update(chunk);
  } catch (cause) {
    throw new SafeguardError('RELEASE_INVALID', `${file} can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  return hash.digest('hex');
}

async function assertChecksum(file: string, sha256: string): Promise<void> {
  const found = await checksum(file);
  if (found === sha256) return;
  throw new SafeguardError(
    'RELEASE_INVALID',
    `${file} has SHA-256 ${found.slice(0, 12)}…, but SHA256SUMS says ${sha256.slice(0, 12)}….`,
  );
}

/**
 * Reads every file of a release and compares it with its checksum, before anything is sent anywhere.
 * @throws SafeguardError RELEASE_INVALID
 */
export async function verifyRelease(
  environment: EnvironmentConfig,
  { directory, manifest }: ResolvedRelease,
): Promise<void> {
  const artifacts = Object.values(manifest.components).map(({ artifact: { file, sha256 } }) => ({
    file,
    sha256,
  }));
  const folder = environment.migrations?.directory ?? '';
  const migrations = (manifest.schema?.migrations ?? []).map(({ file, sha256 }) => ({
    file: join(folder, file),
    sha256,
  }));
  await Promise.all(
    [...artifacts, ...migrations].map(({ file, sha256 }) => assertChecksum(join(directory, file), sha256)),
  );
}
