import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordStore } from '../../src/adapters/record-store.js';
import type { ResolvedRelease } from '../../src/adapters/release-directory.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { forensics, type Forensics } from '../../src/activities/forensics.js';
import type { ForensicsResult } from '../../src/domain/host-protocol.js';
import { until } from './campus-lab.js';
import { HostCaller } from './host-caller.js';

const HOST = 'web-1';
const ROOT = '/var/backups/deployment-forensics';
const UNIT = 'campus-production-backend.service';

/** It has characters that URLs write otherwise. */
const secret = `${randomBytes(9).toString('hex')}/+${randomBytes(9).toString('hex')}`;
/** Known to the worker only, and planted in the log too. */
const workers = randomBytes(12).toString('hex');
let caller: HostCaller;
let release: ResolvedRelease;
const undo: (() => Promise<unknown>)[] = [];

/** The backend logs the address of a request that fails, and this one does: its password is wrong. */
async function logged(text: string): Promise<void> {
  const url = `url = "http://127.0.0.1:8080/api/finances?token=${text}"`;
  await until('the backend answers', async () => {
    const { exitCode } = await caller.lab.run(HOST, ['curl', '-s', '-K', '-'], { input: url });
    return exitCode === 0;
  });
  await until('it is in the journal', async () =>
    (await caller.on(HOST, ['journalctl', '-q', '-u', UNIT, '--no-pager'])).includes(text),
  );
}

async function ask(limit = 10, logs = 300): Promise<ForensicsResult> {
  return caller.program.forensics(caller.target(HOST), {
    ...caller.at,
    operation: 'forensics',
    token: caller.token(),
    version: '1.0.0',
    logs,
    limit,
  });
}

/** Its log of the last second, by the host. */
async function lately(): Promise<string> {
  const asked = ['journalctl', '-q', '-u', UNIT, '--no-pager', '--output=cat', '--since=-1s'];
  return (await caller.on(HOST, asked)).trim();
}

async function bundles(): Promise<string[]> {
  const { stdout } = await caller.lab.run(HOST, [
    'find',
    ROOT,
    '-mindepth',
    '1',
    '-maxdepth',
    '1',
    '-printf',
    '%f\\n',
  ]);
  return stdout.split('\n').filter((name) => name !== '');
}

/** The activity as a worker runs it. */
async function activity(limitSeconds: number): Promise<Forensics> {
  const { ssh, program, config, lab } = caller;
  const records = new RecordStore(join(caller.directory, 'records'));
  const dependencies = { ssh, program, config, records } as unknown as Dependencies;
  const { incarnation, epoch, run, step, try: tried } = caller.token();
  return new MockActivityEnvironment().run(forensics, dependencies, {
    ...caller.at,
    host: { name: HOST, address: lab.host(HOST).address, port: 22 },
    token: { incarnation, epoch, run, step, try: tried },
    deploymentId: 'run',
    version: '1.0.0',
    logSeconds: 300,
    limitSeconds,
  });
}

beforeAll(async () => {
  process.env['CAMPUS_DB_PASSWORD'] = workers;
  caller = await HostCaller.open(secret);
  await caller.on(HOST, ['rm', '-rf', ROOT]);
  release = await caller.build('1.0.0');
  await caller.stage(HOST, release);
  await caller.restore(HOST, release.release.digest);
  await logged(`plain-${secret}`);
  await logged(`quoted-${encodeURIComponent(secret)}`);
  await logged(`of-the-worker-${workers}`);
}, 120_000);
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
}, 60_000);
afterAll(async () => {
  await caller.on(HOST, ['rm', '-rf', ROOT]);
  await caller.close();
}, 60_000);

test('a bundle on the host, and its texts in the answer, without the secret', async () => {
  await ask();
  const begun = performance.now();
  const { directory, files, changed } = await ask();
  const took = Math.round(performance.now() - begun);
  const metadata = JSON.parse(files['metadata.json'] ?? '') as Record<string, unknown>;
  console.log(`forensics took ${took} ms, of which on the host ${String(metadata['durationMs'])} ms`);
  expect(changed).toBe(true);
  expect(directory).toMatch(/^\/var\/backups\/deployment-forensics\/1\.0\.0-\d{8}T\d{6}Z(-\d+)?$/);
  expect(metadata).toMatchObject({
    host: HOST,
    application: 'campus-production',
    version: '1.0.0',
    run: caller.run,
    missing: {},
  });
  expect(Object.keys(files).sort()).toEqual(
    [
      UNIT,
      `${UNIT}.log`,
      `${UNIT}.status`,
      'deployments.json',
      'disk.txt',
      'ports.txt',
      'metadata.json',
      'nginx-error.log',
      'site.conf',
      'state.json',
    ].sort(),
  );
  expect(files[`${UNIT}.log`]).toContain('token=plain-***');
  expect(files[`${UNIT}.log`]).toContain('token=quoted-***');
  expect(files[`${UNIT}.status`]).toContain('active (running)');
  expect(files[UNIT]).toContain('ExecStart=');
  expect(files['ports.txt']).toMatch(/:80\s.*nginx/);
  expect(files['disk.txt']).toMatch(/\d+% \/\n/);
  expect(JSON.parse(files['deployments.json'] ?? '')).toEqual(expect.any(Array));
  expect(files['site.conf']).toContain('server_name');
  const state = JSON.parse(files['state.json'] ?? '') as { components: Record<string, { version: string }> };
  expect(state.components['backend']?.version).toBe('1.0.0');
  const onHost = await caller.on(HOST, ['sh', '-c', 'cat "$0"/*', directory]);
  expect(onHost).toContain('token=plain-***');
  for (const text of [onHost, JSON.stringify(files)]) {
    for (const part of [secret, encodeURIComponent(secret), ...secret.split('/+')])
      expect(text).not.toContain(part);
  }
  const modes = await caller.on(HOST, ['sh', '-c', 'stat -c "%a %U" "$0" "$0"/*', directory]);
  expect(new Set(modes.trim().split('\n'))).toEqual(new Set(['700 root', '600 root']));
}, 30_000);

test('a service that fell silent still has its last 200 entries, and nothing older', async () => {
  const url = 'url = "http://127.0.0.1:8080/api/finances?token=many-[1-120]."';
  await caller.lab.run(HOST, ['curl', '-s', '-K', '-', '-o', '/dev/null'], { input: url });
  await until('it has said nothing for as long as is asked', async () => (await lately()) === '');
  const { files } = await ask(10, 1);
  const last = files[`${UNIT}.log`] ?? '';
  expect(last.trim().split('\n')).toHaveLength(200);
  // Each request has several.
  expect(last).toContain('many-120.');
  expect(last).not.toContain('many-1.');
  // All of the five minutes, where that is more.
  expect((await ask()).files[`${UNIT}.log`]).toContain('many-1.');
}, 60_000);

test('the run keeps it too, without the secrets of the worker, and says where it lies', async () => {
  const told = await activity(20);
  expect(told.said).toMatch(/^web-1:\/var\/backups\/deployment-forensics\/1\.0\.0-\d{8}T\d{6}Z(-\d+)?$/);
  const kept = join(caller.directory, 'records/campus/production/runs/run/forensics-web-1.json');
  expect(told.kept).toBe(kept);
  const text = await readFile(kept, 'utf8');
  expect(text).toContain('token=plain-***');
  expect(text).toContain('token=of-the-worker-[secret]');
  expect(text).not.toContain(secret);
  expect(text).not.toContain(workers);
}, 30_000);

test('no more than ten are kept', async () => {
  for (let count = 0; count < 11; count += 1) await ask();
  expect(await bundles()).toHaveLength(10);
}, 60_000);

test('the limit holds when journalctl hangs, and the rest is there', async () => {
  const hanging = '#!/bin/sh\necho "2026-01-01T00:00:00+0000 said before it hung"\nsleep 600\n';
  await caller.on(HOST, ['sh', '-c', 'cat >/var/tmp/hanging && chmod 755 /var/tmp/hanging'], hanging);
  await caller.on(HOST, ['mount', '--bind', '/var/tmp/hanging', '/usr/bin/journalctl']);
  undo.push(async () => caller.on(HOST, ['umount', '--lazy', '/usr/bin/journalctl']));
  const begun = performance.now();
  const { files, directory } = await ask(3);
  expect(performance.now() - begun).toBeLessThan(3500);
  expect(JSON.parse(files['metadata.json'] ?? '')).toMatchObject({
    missing: { [`${UNIT}.log`]: 'journalctl did not end in time' },
  });
  expect(files[`${UNIT}.log`]).toContain('said before it hung');
  expect(files['state.json']).toContain('1.0.0');
  expect(await bundles()).toContain(directory.slice(ROOT.length + 1));
  expect((await caller.lab.run(HOST, ['pgrep', '-f', '/usr/bin/journalctl'])).exitCode).toBe(1);
}, 30_000);

test('a disk without room gets nothing, and the answer says so', async () => {
  const before = await bundles();
  undo.push(async () => caller.lab.fault(HOST, 'disk-free'));
  await caller.lab.fault(HOST, 'disk-full');
  const { changed, directory, files } = await ask();
  expect({ changed, directory }).toEqual({ changed: false, directory: '' });
  expect(files['metadata.json']).toMatch(/nothing is kept on this host: only \d+ MiB are free on its disk/);
  expect(files[`${UNIT}.log`]).toContain('token=plain-***');
  expect((await activity(20)).said).toMatch(
    /^web-1: not kept there, since too little of its disk is free; see .*forensics-web-1\.json$/,
  );
  await caller.lab.fault(HOST, 'disk-free');
  expect(await bundles()).toEqual(before);
}, 30_000);

test('a host that does not answer costs no more than the limit', async () => {
  undo.push(async () => caller.lab.fault(HOST, 'resume'));
  await caller.lab.fault(HOST, 'pause');
  const begun = performance.now();
  await expect(activity(2)).rejects.toMatchObject({ code: 'HOST_TIMEOUT' });
  expect(performance.now() - begun).toBeLessThan(3000);
}, 30_000);
