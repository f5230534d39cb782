import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkoutRoot } from '../../setup/checkout.js';
import { CampusLab, until } from './campus-lab.js';
import { inFiles, inHistories, inJournal, onHost, ProcessList, shows } from './secret-search.js';

let campus: CampusLab;
let secret: string;
/** Put on purpose where the secret must not be: whoever does not find this one finds nothing. */
let planted: string;
let worker: ChildProcess;
const processes = new ProcessList();

/** A worker as users run it; all that it says goes into `worker.log`. */
async function startWorker(): Promise<ChildProcess> {
  const log = await open(join(campus.directory, 'worker.log'), 'a');
  const cli = join(checkoutRoot(), 'bin', 'safeguard.js');
  const argv = [
    cli,
    '--verbose',
    '--config',
    campus.configFile,
    '--address',
    campus.settings.address,
    'worker',
  ];
  // Jest gives tests a copy of the environment, which children do not inherit by themselves.
  const child = spawn(process.execPath, argv, { env: { ...process.env }, stdio: ['ignore', log.fd, log.fd] });
  await until('the worker says that it is there', async () => (await log.stat()).size > 0);
  await log.close();
  return child;
}

async function plant(): Promise<void> {
  const child = spawn('sh', ['-c', 'read line', planted], { stdio: ['pipe', 'ignore', 'ignore'] });
  await until('it was seen', async () =>
    Promise.resolve([...processes.seen].some((line) => shows(line, planted))),
  );
  child.stdin.end();
  await once(child, 'exit');
  await campus.lab.run('web-1', ['logger', '--', planted]);
  await campus.lab.run('web-1', ['tee', '/var/tmp/planted'], {
    input: Buffer.from(planted).toString('base64'),
  });
}

beforeAll(async () => {
  campus = await CampusLab.open({ readyTimeout: '5s' });
  secret = (await campus.lab.secrets())['CAMPUS_PRODUCTION_DB_PASSWORD'] ?? '';
  expect(secret.length).toBeGreaterThan(20);
  planted = randomBytes(18).toString('hex');
  worker = await startWorker();
  await plant();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0', { requestedBy: `test ${planted}` });
  await campus.release('1.0.1', { misbehave: 'failing-migration' });
  await campus.release('1.0.2', { misbehave: 'crash-loop' });
  await campus.deploy('1.0.1');
  await campus.deploy('1.0.2');
  const gone = once(worker, 'exit');
  worker.kill('SIGTERM');
  await gone;
  await processes.stop();
}, 240_000);
afterAll(async () => {
  await campus.lab.run('web-1', ['rm', '-f', '/var/tmp/planted']);
  await campus.close();
}, 60_000);

test('a deployment and two ways back have happened', async () => {
  const outcomes = (await campus.records()).map((record) => record.outcome);
  expect(outcomes).toEqual(['SUCCEEDED', 'ROLLED_BACK', 'ROLLED_BACK']);
});

describe('the search finds what was planted', () => {
  test('in histories, records and the database of Temporal', async () => {
    expect(await inHistories(campus, planted)).toContainEqual(
      expect.stringMatching(/^deployment\/.*1\.0\.0/),
    );
    expect(await inFiles(campus.directory, planted)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^records\//), expect.stringMatching(/^temporal\.db/)]),
    );
  });

  test('in files and the journal of a host', async () => {
    expect(await onHost(campus, 'web-1', planted)).toContain('644 root /var/tmp/planted');
    expect(await inJournal(campus, 'web-1', planted)).toBe(true);
  });
});

describe('the database password is nowhere', () => {
  test('in the histories of all runs', async () => {
    expect(await inHistories(campus, secret)).toEqual([]);
  });

  test('in records, captures, logs and the database of Temporal', async () => {
    expect(await readFile(join(campus.directory, 'worker.log'), 'utf8')).not.toBe('');
    expect(await inFiles(campus.directory, secret)).toEqual([]);
  });

  test('in the command lines of the runner and of the hosts', () => {
    const lines = [...processes.seen];
    expect(lines.some((line) => line.includes('flyway') && line.includes(' migrate '))).toBe(true);
    expect(lines.some((line) => line.includes('/usr/local/sbin/safeguard-host'))).toBe(true);
    expect(lines.filter((line) => shows(line, secret))).toEqual([]);
  });

  test('in the journal of any host', async () => {
    for (const host of [...campus.webHosts, 'db-1'])
      expect(await inJournal(campus, host, secret)).toBe(false);
  });

  test('in files of the database host', async () => {
    expect(await onHost(campus, 'db-1', secret)).toEqual([]);
  });
});

test('it is where it belongs, for root alone, and in no other file', async () => {
  for (const host of campus.webHosts) {
    const files = await onHost(campus, host, secret);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(file).toMatch(/^600 root \/opt\/campus-production\/releases\/[0-9a-f]{64}\/\.backend\.env$/);
    }
  }
}, 30_000);
