import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { auditStore, type AuditStore } from '../../src/adapters/audit-store.js';
import type { AuditConfig } from '../../src/config/load.js';
import type { AuditLine, TrailPlace } from '../../src/domain/audit.js';
import { checkTrail, lineName } from '../../src/domain/audit-check.js';
import { auditText } from '../../src/domain/audit-trail.js';
import { chain, PLACE, lineIn } from '../domain/audit-fixtures.js';
import { canServeS3 } from '../../setup/versitygw.js';
import { S3Server } from './s3-server.js';

const hasS3 = await canServeS3();
if (!hasS3)
  console.warn('There is no Go here to build an S3 server with: audit trails in a bucket are UNTESTED.');
const KINDS = hasS3 ? (['directory', 's3'] as const) : (['directory'] as const);

let folder: string;
let s3: S3Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
  if (!hasS3) return;
  s3 = await S3Server.start();
  process.env['TEST_S3_ACCESS'] = s3.accessKey;
  process.env['TEST_S3_SECRET'] = s3.secretKey;
}, 600_000);
afterAll(async () => {
  if (hasS3) await s3.stop();
  await rm(folder, { recursive: true, force: true });
});

function bucketConfig(bucket: string, secret = 'TEST_S3_SECRET'): AuditConfig {
  return {
    kind: 's3',
    bucket,
    prefix: 'trails/shop',
    region: 'us-east-1',
    endpoint: s3.endpoint,
    accessKey: { env: 'TEST_S3_ACCESS' },
    secretKey: { env: secret },
  };
}

async function storeOf(kind: AuditConfig['kind'], name: string): Promise<AuditStore> {
  if (kind === 'directory') return auditStore({ kind, directory: join(folder, name) });
  return auditStore(bucketConfig(await s3.bucket(name)));
}

function line(sequence: number, by: string, place: TrailPlace = PLACE): AuditLine {
  const { lines } = chain(sequence, place);
  return { ...lineIn(lines, sequence), by };
}

describe.each(KINDS)('a trail in a %s', (kind) => {
  test('is read as it was kept', async () => {
    const store = await storeOf(kind, `${kind}-read`);
    const { lines } = chain(21);
    for (const one of lines) await store.keep(one);
    const stored = await store.read(PLACE);
    expect(stored).toHaveLength(21);
    expect(checkTrail(PLACE, stored)).toMatchObject({ findings: [], lines });
  }, 60_000);

  test('a line that is kept again is the same one, and one that says something else is refused', async () => {
    const store = await storeOf(kind, `${kind}-again`);
    await store.keep(line(1, 'ada'));
    await store.keep(line(1, 'ada'));
    await expect(store.keep(line(1, 'ben'))).rejects.toMatchObject({
      code: 'AUDIT_BROKEN',
      message: expect.stringContaining(lineName(1)) as unknown,
    });
    expect(await store.read(PLACE)).toEqual([{ name: lineName(1), text: auditText(line(1, 'ada')) }]);
  }, 60_000);

  test('of many writers at once, each with a store of its own, one wins and all others know', async () => {
    const name = `${kind}-race`;
    const first = await storeOf(kind, name);
    const config = kind === 'directory' ? { kind, directory: join(folder, name) } : bucketConfig(name);
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      const writers = Array.from({ length: 12 }, (_, writer) => ({
        store: auditStore(config),
        line: line(sequence, `writer ${writer % 6}`),
      }));
      const ends = await Promise.allSettled(writers.map((writer) => writer.store.keep(writer.line)));
      const winners = writers.filter((_, index) => ends[index]?.status === 'fulfilled');
      // Two of the twelve say the same; that is what a lost worker and its successor do.
      expect(winners).toHaveLength(2);
      expect(winners[0]?.line).toEqual(winners[1]?.line);
      for (const end of ends.filter(({ status }) => status === 'rejected'))
        expect(end).toMatchObject({ reason: { code: 'AUDIT_BROKEN' } });
      const kept = (await first.read(PLACE)).find((stored) => stored.name === lineName(sequence));
      expect(kept?.text).toBe(
        auditText(winners.map((winner) => winner.line).find(Boolean) ?? line(1, 'nobody')),
      );
    }
  }, 120_000);

  test('lives of an environment are told apart from each other and from other environments', async () => {
    const store = await storeOf(kind, `${kind}-lives`);
    for (const incarnation of ['life-1', 'life-2'])
      await store.keep(line(1, 'ada', { ...PLACE, incarnation }));
    await store.keep(line(1, 'ada', { ...PLACE, environment: 'test-2' }));
    expect((await store.lives(PLACE)).sort()).toEqual(['life-1', 'life-2']);
    expect(await store.lives({ application: 'campus', environment: 'nowhere' })).toEqual([]);
    expect(await store.read({ ...PLACE, incarnation: 'life-3' })).toEqual([]);
  }, 60_000);

  test('names that are no names of folders are refused', async () => {
    const store = await storeOf(kind, `${kind}-names`);
    for (const over of [{ application: '..' }, { environment: 'a/b' }, { incarnation: '../x' }])
      await expect(store.keep(line(1, 'ada', { ...PLACE, ...over }))).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
  }, 60_000);
});

test('a directory holds one file a line, for reading only, and no scraps', async () => {
  const directory = join(folder, 'tidy');
  const store = auditStore({ kind: 'directory', directory });
  await Promise.all(Array.from({ length: 20 }, () => store.keep(line(1, 'ada'))));
  const place = join(directory, 'campus', 'test', 'life-1');
  expect(await readdir(place)).toEqual([lineName(1)]);
  expect((await stat(join(place, lineName(1)))).mode & 0o777).toBe(0o440);
  expect(await readFile(join(place, lineName(1)), 'utf8')).toBe(auditText(line(1, 'ada')));
});

test('a scrap that a killed worker left is no line', async () => {
  const directory = join(folder, 'scrap');
  const store = auditStore({ kind: 'directory', directory });
  await store.keep(line(1, 'ada'));
  await writeFile(join(directory, 'campus', 'test', 'life-1', '.half'), '{"schema');
  expect(await store.read(PLACE)).toHaveLength(1);
});

test('a directory that can’t be written says so', async () => {
  const directory = join(folder, 'a-file');
  await writeFile(directory, '');
  await chmod(directory, 0o600);
  const store = auditStore({ kind: 'directory', directory });
  await expect(store.keep(line(1, 'ada'))).rejects.toMatchObject({ code: 'AUDIT_NOT_WRITTEN' });
  await expect(store.read(PLACE)).rejects.toMatchObject({ code: 'AUDIT_NOT_WRITTEN' });
});

(hasS3 ? describe : describe.skip)('a bucket', () => {
  test('that is away says so, and takes the line when it is back', async () => {
    const store = await storeOf('s3', 's3-away');
    await s3.halt();
    await expect(store.keep(line(1, 'ada'))).rejects.toMatchObject({ code: 'AUDIT_NOT_WRITTEN' });
    await s3.run();
    await store.keep(line(1, 'ada'));
    expect(await store.read(PLACE)).toHaveLength(1);
  }, 120_000);

  test('that is not there, or is not for these credentials, says so without showing a secret', async () => {
    process.env['TEST_S3_WRONG'] = 'wrong-secret-value';
    const bucket = await s3.bucket('s3-closed');
    for (const config of [bucketConfig('s3-nowhere'), bucketConfig(bucket, 'TEST_S3_WRONG')]) {
      const error: unknown = await auditStore(config)
        .keep(line(1, 'ada'))
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'AUDIT_NOT_WRITTEN' });
      expect(String(error)).not.toContain('wrong-secret-value');
    }
  }, 60_000);

  test('whose secret is missing says which', async () => {
    const store = auditStore(bucketConfig('s3-secretless', 'TEST_S3_NOT_SET'));
    await expect(store.keep(line(1, 'ada'))).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringContaining('audit.s3.secret_key') as unknown,
    });
  }, 60_000);
});
