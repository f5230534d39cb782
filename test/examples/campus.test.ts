import { mkdtemp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { buildRelease, parseOptions } from '../../examples/campus/build.js';
import { Backend } from './backend-process.js';
import type { ReleaseOptions } from '../../examples/campus/build.js';

let into: string;
const running: Backend[] = [];

beforeAll(async () => {
  into = await mkdtemp(join(tmpdir(), 'campus-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((backend) => backend.stop()));
});
afterAll(() => rm(into, { recursive: true, force: true }));

/** Builds a Python release and gives its directory. */
async function release(options: Partial<ReleaseOptions> = {}): Promise<string> {
  const all: ReleaseOptions = { into, version: '2.0.0', backend: 'python', ...options };
  await buildRelease(all);
  return join(all.into, all.version);
}

async function unpack(directory: string, component: string): Promise<string> {
  const target = join(directory, `.unpacked-${component}`);
  await mkdir(target);
  await execa('tar', ['-xzf', join(directory, `${component}.tar.gz`), '-C', target]);
  return target;
}

async function start(
  options: Partial<ReleaseOptions> = {},
  environment: Record<string, string> = {},
): Promise<Backend> {
  const backend = await Backend.start(await unpack(await release(options), 'backend'), environment);
  running.push(backend);
  return backend;
}

async function checksums(directory: string): Promise<boolean> {
  const { failed } = await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
    cwd: directory,
    reject: false,
  });
  return !failed;
}

describe('a release', () => {
  test('has two archives, the migrations up to its schema, a description and the checksums of all', async () => {
    const directory = await release();
    expect((await readdir(directory)).sort()).toEqual([
      'SHA256SUMS',
      'backend.tar.gz',
      'frontend.tar.gz',
      'migrations',
      'release.json',
    ]);
    expect((await readdir(join(directory, 'migrations'))).sort()).toEqual([
      'V1__campus.sql',
      'V2__waiting_lists.sql',
    ]);
    expect(JSON.parse(await readFile(join(directory, 'release.json'), 'utf8'))).toEqual({
      version: '2.0.0',
      commit: null,
      schema: { target: '2', tolerates: { min: '1', max: '3' } },
    });
    expect((await readFile(join(directory, 'SHA256SUMS'), 'utf8')).match(/ {2}\S+$/gm)).toHaveLength(5);
    expect(await checksums(directory)).toBe(true);
  });

  test('is the same bytes when built again', async () => {
    const first = await readFile(join(await release(), 'SHA256SUMS'), 'utf8');
    const second = await readFile(join(await release({ into: join(into, 'again') }), 'SHA256SUMS'), 'utf8');
    expect(second).toBe(first);
  });

  test('without migrations says nothing of a schema', async () => {
    const directory = await release({ schema: null, commit: 'a'.repeat(40) });
    expect(await readdir(directory)).not.toContain('migrations');
    expect(JSON.parse(await readFile(join(directory, 'release.json'), 'utf8'))).toEqual({
      version: '2.0.0',
      commit: 'a'.repeat(40),
    });
  });

  test('has pages that are stamped and link only to what is there', async () => {
    const directory = await unpack(await release(), 'frontend');
    expect(await readFile(join(directory, 'version.txt'), 'utf8')).toBe('2.0.0\n');
    const files = new Set(await readdir(directory, { recursive: true }));
    for (const page of [...files].filter((name) => name.endsWith('.html'))) {
      const text = await readFile(join(directory, page), 'utf8');
      expect(text).toContain('Release 2.0.0');
      expect(text).not.toContain('{{');
      const links = [...text.matchAll(/(?:href|src)="\/([^"]+)"/g)].map((match) => match[1]);
      expect(links.filter((link) => !files.has(link ?? ''))).toEqual([]);
    }
  });

  test.each(['../1', '', '.1', '1 0', '1/0'])('is refused for the version "%s"', async (version) => {
    await expect(release({ version })).rejects.toThrow('Not usable as a version');
  });
});

describe('the Python backend', () => {
  test('is up without a database, reports its own version and ends on SIGTERM', async () => {
    const backend = await start({}, { SAFEGUARD_VERSION: '9.9.9' });
    expect((await backend.until('/actuator/health', 200)).body).toEqual({ status: 'UP', components: {} });
    expect((await backend.get('/api/health')).body).toEqual({ status: 'UP', version: '2.0.0' });
    expect((await backend.get('/actuator/info')).body).toEqual({ build: { version: '2.0.0' } });
    expect((await backend.get('/api/courses')).status).toBe(404);
    expect(await backend.stop()).toBe(0);
  });

  test('says which part is down', async () => {
    const environment = {
      DATABASE_URL: 'jdbc:postgresql://127.0.0.1:1/campus',
      DATABASE_USER: 'campus',
      DATABASE_PASSWORD: 'secret-value',
    };
    const backend = await start({}, environment);
    const { body } = await backend.until('/actuator/health', 503);
    expect(body).toMatchObject({ status: 'DOWN', components: { db: { status: 'DOWN' } } });
    expect(JSON.stringify(body)).not.toContain('secret-value');
    expect((await backend.get('/api/courses')).status).toBe(503);
  });
});

describe('a release that misbehaves', () => {
  test('never-healthy: DOWN', async () => {
    const backend = await start({ misbehave: 'never-healthy' });
    expect((await backend.until('/actuator/health', 503)).body).toMatchObject({ status: 'DOWN' });
    expect((await backend.get('/api/health')).body).toEqual({ status: 'DOWN', version: '2.0.0' });
  });

  test('slow-start: DOWN, then UP', async () => {
    const backend = await start({ misbehave: 'slow-start', seconds: 2 });
    await backend.until('/actuator/health', 503);
    await backend.until('/actuator/health', 200);
  });

  test('unhealthy-later: UP, then DOWN', async () => {
    const backend = await start({ misbehave: 'unhealthy-later', seconds: 2 });
    await backend.until('/actuator/health', 200);
    await backend.until('/actuator/health', 503);
  });

  test('crash-loop: ends with 1', async () => {
    const backend = await start({ misbehave: 'crash-loop' });
    expect(await backend.ended()).toBe(1);
  });

  test('wrong-version: reports another one than the release is called', async () => {
    const backend = await start({ misbehave: 'wrong-version' });
    expect((await backend.until('/api/health', 200)).body).toEqual({ status: 'UP', version: 'not-2.0.0' });
  });

  test('failing-migration: one more migration, which the description counts', async () => {
    const directory = await release({ misbehave: 'failing-migration' });
    expect(await readdir(join(directory, 'migrations'))).toContain('V3__fails.sql');
    const description: unknown = JSON.parse(await readFile(join(directory, 'release.json'), 'utf8'));
    expect(description).toMatchObject({ schema: { target: '3', tolerates: { max: '3' } } });
    expect(await checksums(directory)).toBe(true);
    await expect(release({ misbehave: 'failing-migration', schema: null })).rejects.toThrow(
      'needs a release with migrations',
    );
  });

  test('broken-archive: right checksum, no unpacking', async () => {
    const directory = await release({ misbehave: 'broken-archive' });
    expect(await checksums(directory)).toBe(true);
    await expect(unpack(directory, 'backend')).rejects.toThrow('unexpected end of file');
  });

  test('wrong-checksum: the archive is not the one that was summed', async () => {
    expect(await checksums(await release({ misbehave: 'wrong-checksum' }))).toBe(false);
  });
});

describe('the command line', () => {
  test('reads every option', () => {
    const words = [
      '1.2.3',
      '--into',
      '/r',
      '--backend',
      'java',
      '--schema',
      'none',
      '--misbehave',
      'slow-start',
      '--seconds',
      '4',
    ];
    expect(parseOptions(words)).toEqual({
      into: '/r',
      version: '1.2.3',
      backend: 'java',
      schema: null,
      misbehave: 'slow-start',
      seconds: 4,
    });
  });

  test.each([
    [[]],
    [['1.0.0']],
    [['1.0.0', '--into', '/r', '--misbehave', 'no']],
    [['1.0.0', '--into', '/r', '--schema', '9']],
  ])('says how it is used when it does not understand %j', (words: string[]) => {
    expect(() => parseOptions(words)).toThrow('Usage:');
  });
});
