import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { smoke, type SmokeRequest } from '../../src/activities/smoke.js';
import { RecordStore } from '../../src/adapters/record-store.js';
import { smokeOf } from '../../src/config/environment-smoke.js';
import { environmentOf, parseConfig, type Config } from '../../src/config/load.js';
import type { SmokeReport } from '../../src/domain/smoke-report.js';
import { CampusSite } from '../checks/campus-site.js';
import { HOSTS } from '../domain/release-fixtures.js';
import { QUIET } from './schema-world.js';

const TESTS = `
retries: 0
timeout: 2s
tests:
  - { name: version, http: { url: /version.txt, expect: { body: '{version}' } } }
  - { name: ailing, severity: warning, http: { url: /ailing } }
`;

const site = new CampusSite();
let url: string;
let folder: string;
beforeAll(async () => {
  url = await site.plain();
  folder = await mkdtemp(join(tmpdir(), 'safeguard-smoke-'));
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => writeFile(join(folder, 'smoke.yaml'), TESTS));

function config(): Config {
  return parseConfig(
    join(folder, 'safeguard.yaml'),
    `application: campus
release: { directory: 'releases/{version}' }
components:
  frontend: { kind: static, artifact: frontend.tar.gz }
environments:
  test:
    hosts: { web-1: 192.0.2.11 }
    ssh: { user: deploy, key: key, known_hosts: known_hosts }
    smoke: { file: smoke.yaml, url: '${url}' }
`,
  );
}

/** A request as the workflow makes it of a plan; `meanwhile` comes between the two. */
async function carriedOut(
  version: string,
  { records = 'records', phase = 30, meanwhile = () => Promise.resolve() } = {},
): Promise<SmokeReport> {
  const now = config();
  const planned = smokeOf(environmentOf(now, 'test'), version);
  if (planned === null) throw new Error('no smoke tests');
  const { file, sha256, level, tests } = planned;
  await meanwhile();
  const dependencies = {
    config: now,
    records: new RecordStore(join(folder, records)),
  } as unknown as Dependencies;
  const request: SmokeRequest = {
    application: 'campus',
    environment: 'test',
    deploymentId: 'one',
    version,
    smoke: { file, sha256, level, url, tests },
    hosts: HOSTS,
    policy: { phaseTimeoutSeconds: phase },
  };
  const work = (): Promise<SmokeReport> => smoke(dependencies, request);
  return new MockActivityEnvironment({}, { logger: QUIET }).run<[], SmokeReport, typeof work>(work);
}

test('the public way in is asked once, whatever the number of hosts; what only warns takes nothing back', async () => {
  const report = await carriedOut('2.0.0');
  expect(report).toMatchObject({ healthy: true, passed: 1, failed: [{ name: 'ailing', target: url }] });
  expect(report.failed[0]).not.toHaveProperty('body');
});

test('all results are kept with the bodies of wrong answers', async () => {
  const { kept } = await carriedOut('2.0.0');
  expect(kept).toBe(join(folder, 'records/campus/test/runs/one/smoke.json'));
  expect(JSON.parse(await readFile(kept ?? '', 'utf8'))).toMatchObject([
    { name: 'version', verdict: 'pass', target: url },
    { name: 'ailing', verdict: 'fail', body: '{"status":"DOWN","version":"2.0.0"}' },
  ]);
});

test('a critical test fails, for the version is another', async () => {
  expect(await carriedOut('3.0.0')).toMatchObject({
    healthy: false,
    failed: [{ name: 'version', severity: 'critical', verdict: 'fail' }, { name: 'ailing' }],
  });
});

describe('trouble of the runner', () => {
  test('tests that were changed since they were planned are not carried out', async () => {
    const meanwhile = (): Promise<void> =>
      writeFile(join(folder, 'smoke.yaml'), TESTS.replace('/ailing', '/'));
    await expect(carriedOut('2.0.0', { meanwhile })).rejects.toMatchObject({
      code: 'SMOKE_FAILED',
      message: expect.stringContaining('others than those that were planned'),
    });
  });

  test('results that cannot be written are said, and take nothing back', async () => {
    await writeFile(join(folder, 'no-folder'), '');
    expect(await carriedOut('2.0.0', { records: 'no-folder' })).toMatchObject({
      healthy: true,
      kept: null,
      failed: [{ name: 'ailing' }, { name: 'results kept', severity: 'warning', target: 'runner' }],
    });
  });

  test('tests that take longer than all of them may end the step', async () => {
    const text = TESTS.replace('timeout: 2s', 'timeout: 1m').replace('/ailing', '/silent');
    await writeFile(join(folder, 'smoke.yaml'), text);
    await expect(carriedOut('2.0.0', { phase: 1 })).rejects.toMatchObject({
      code: 'STEP_TIMEOUT',
      message: 'The smoke tests took longer than 1 s; 1 were done.',
    });
  });
});
