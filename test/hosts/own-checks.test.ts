import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Lab } from '../../lab/lab.js';
import type { HealthLook } from '../../src/domain/check.js';
import type { PreflightReport } from '../../src/domain/preflight.js';
import type { SmokeResult } from '../../src/domain/smoke.js';
import { startPrometheus, type PrometheusServer } from '../adapters/probes/prometheus-server.js';
import { CampusLab } from './campus-lab.js';
import { ContainersOn, endNamespaces } from './containers-on.js';
import { SOON } from './policy.js';
import { runCli } from './run-cli.js';
import { PORTS, SecureSites } from './secure-sites.js';

const HOST = 'web-1';

let campus: CampusLab;
let sites: SecureSites;
let prometheus: PrometheusServer;
let containers: ContainersOn[];

const container = (name: string, more: object = {}) => ({
  kind: 'container',
  name: `${name} runs`,
  engine: 'podman',
  container: name,
  severity: 'warning',
  ...more,
});

/** Most of them are wrong on purpose, and so may only warn. */
function ownChecks(host: string): object[] {
  const tls = (name: keyof typeof PORTS) => {
    return { kind: 'tls', name: `certificate ${name}`, host, port: PORTS[name], ca: sites.ca };
  };
  const web = (name: keyof typeof PORTS) => {
    const url = `https://${host}:${PORTS[name]}/`;
    return { kind: 'http', name: `page ${name}`, url, contains: 'secure', ca: sites.ca };
  };
  const samples = { kind: 'prometheus', url: prometheus.url, below: 5 };
  return [
    container('well', { severity: 'critical' }),
    ...['plain', 'fresh', 'ill', 'stopped', 'crashed', 'absent'].map((name) => container(name)),
    container('mine', { rootless: true }),
    container('docked', { engine: 'docker' }),
    ...(['valid', 'expired', 'selfSigned', 'stranger', 'soon', 'plain'] as const).map(tls),
    ...(['valid', 'selfSigned'] as const).map(web),
    { kind: 'tcp', name: 'open port', host, port: PORTS.valid },
    { kind: 'tcp', name: 'closed port', host, port: 8499 },
    { ...samples, name: 'few errors', query: 'vector(1)' },
    { ...samples, name: 'too many errors', query: 'vector(7)', severity: 'warning' },
  ];
}

beforeAll(async () => {
  const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
  const web = lab.hosts.filter(({ role }) => role === 'web').map(({ name }) => name);
  const ofRoot = web.map((host) => new ContainersOn(lab, host));
  const [onHost, ofDeploy] = [new ContainersOn(lab, HOST), new ContainersOn(lab, HOST, 'deploy')];
  containers = [...ofRoot, ofDeploy];
  [sites, prometheus] = await Promise.all([SecureSites.open(lab, HOST), startPrometheus()]);
  await Promise.all(containers.map((each) => each.prepare()));
  const health = ['--health-cmd', 'test -e /well', '--health-interval', 'disable', '--health-retries', '1'];
  for (const each of ofRoot) {
    await each.start('well', ...health);
    await each.podman('exec', 'well', '/bin/sh', '-c', ': > /well');
    await each.podman('healthcheck', 'run', 'well');
  }
  await onHost.start('plain');
  await onHost.start('fresh', ...health);
  await onHost.start('ill', ...health);
  await onHost.tryPodman('healthcheck', 'run', 'ill');
  await onHost.start('stopped');
  await onHost.podman('stop', '--time', '0', 'stopped');
  const crash = ['run', '--name', 'crashed', '--restart', 'on-failure:2', 'localhost/still'];
  await onHost.tryPodman(...crash, '/bin/sh', '-c', 'exit 3');
  await ofDeploy.start('mine');

  const own_checks = ownChecks(lab.host(HOST).address);
  // A dozen calls of podman at once take their time on a busy machine.
  const checks = { ...SOON.checks, timeout: '20s', phase: '150s' };
  campus = await CampusLab.open({ policy: { ...SOON, checks, own_checks } });
  await campus.startWorker();
  await campus.release('1.0.0');
  expect(await campus.deploy('1.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
}, 240_000);
afterAll(async () => {
  await Promise.all(containers.map((each) => each.removeAll()));
  await Promise.all([sites.close(), prometheus.stop()]);
  await campus.close();
  for (const host of campus.webHosts) await endNamespaces(campus.lab, host, 'deploy');
}, 60_000);

/** All that `safeguard health` finds. */
async function health() {
  const { exitCode, last } = await runCli(campus, 'health', 'production', '--json');
  if (![0, 9].includes(exitCode)) throw new Error(`health ended with ${exitCode}: ${last}`);
  const { results } = JSON.parse(last) as HealthLook;
  const said = (name: string, target: string): string => {
    const found = results.find((one) => one.name === name && one.target === target);
    return found === undefined ? 'was not asked' : `${found.verdict}: ${found.evidence}`;
  };
  return { exitCode, said };
}

test('containers of root and of the deploying user are told from each other, and each from one that is not well', async () => {
  const { exitCode, said } = await health();
  expect(exitCode).toBe(0);
  const found = (name: string) => said(`${name} runs`, HOST);
  expect(found('well')).toBe('pass: running, healthy');
  expect(found('plain')).toBe('pass: running');
  expect(found('fresh')).toBe('fail: running, starting');
  expect(found('ill')).toBe('fail: running, unhealthy');
  expect(found('stopped')).toBe('fail: exited');
  expect(found('crashed')).toBe('fail: exited');
  expect(found('absent')).toBe('fail: there is no container absent');
  expect(found('mine')).toBe('pass: running');
  expect(found('docked')).toMatch(/^unknown: docker did not tell; .*No such file/);
  expect(said('plain runs', 'web-2')).toBe('fail: there is no container plain');
}, 150_000);

test('the preflight looks whether the engines answer, as whom they are asked', async () => {
  const look = async () => {
    const words = ['preflight', 'production', '--version', '1.0.0', '--level', 'standard', '--json'];
    const { exitCode, last } = await runCli(campus, ...words);
    const { results } = JSON.parse(last) as PreflightReport;
    const engines = results.filter(({ name, target }) => name === 'container engine' && target === HOST);
    const said = engines.map(({ severity, verdict, found }) => `${severity}: ${verdict}: ${found}`);
    return { exitCode, said, first: engines[0] };
  };
  const well = await look();
  const docker = expect.stringMatching(
    /^warning: fail: docker does not answer root \(status 127\): .*No such/,
  );
  const version = /^\w+: pass: podman \d+\.\d+\.\d+, as (root|deploy)$/;
  const podman = expect.stringMatching(version);
  expect(well.said).toEqual([podman, podman, docker]);
  expect(well.exitCode).toBe(0);

  await campus.lab.run(HOST, ['mv', '/usr/bin/podman', '/usr/bin/podman-away']);
  const ill = await look();
  const { said } = await health();
  await campus.lab.run(HOST, ['mv', '/usr/bin/podman-away', '/usr/bin/podman']);
  expect(ill.exitCode).toBe(9);
  expect(ill.said[0]).toMatch(/^critical: fail: podman does not answer root \(status 127\)/);
  expect(ill.first).toMatchObject({
    advice: expect.stringContaining('Install podman on the host'),
    runbook: 'docs/preflight.md#container-engine',
  });
  expect(said('well runs', HOST)).toMatch(/^unknown: podman did not tell/);
  expect(said('well runs', 'web-2')).toBe('pass: running, healthy');
}, 150_000);

test('certificates, pages and ports are asked for over the network, and samples of a Prometheus', async () => {
  const { said } = await health();
  const found = (name: string) => said(name, 'environment');
  expect(found('certificate valid')).toMatch(/^pass: valid until .*\((89|90) days\)/);
  expect(found('certificate expired')).toMatch(/^fail: not trusted: it has expired/);
  expect(found('certificate selfSigned')).toMatch(/^fail: not trusted: only itself vouches/);
  expect(found('certificate stranger')).toMatch(/^fail: not trusted: it is for another name/);
  expect(found('certificate soon')).toMatch(/^fail: .*expected at least 14 days/);
  expect(found('certificate plain')).toMatch(/^fail: /);
  expect(found('page valid')).toMatch(/^pass: 200 in \d+ ms/);
  expect(found('page selfSigned')).toMatch(/^fail: .*not trusted/);
  expect(found('open port')).toMatch(/^pass: accepted in /);
  expect(found('closed port')).toMatch(/^unknown: .*ECONNREFUSED/);
  expect(found('few errors')).toBe('pass: 1: below 5');
  expect(found('too many errors')).toBe('fail: expected below 5, found 7');
}, 150_000);

test('smoke tests see whether the way in is HTTPS, for how long, and for whose pages', async () => {
  const at = (port: number) => `https://${campus.lab.host(HOST).address}:${port}`;
  const enforcing = `http://${campus.lab.host(HOST).address}:${PORTS.plain}/`;
  const tests = [
    ...Object.keys(PORTS).flatMap((name) => {
      const port = PORTS[name as keyof typeof PORTS];
      return [{ name, tls: { url: `${at(port)}/` } }];
    }),
    { name: 'enforced', https_enforced: { url: enforcing } },
    { name: 'not enforced', https_enforced: {} },
    { name: 'own pages', cors: { url: '/', origin: 'https://campus.test' } },
    { name: 'strange pages', cors: { url: '/', origin: 'https://evil.test' } },
    { name: 'strange pages kept out', cors: { url: '/', origin: 'https://evil.test', allowed: false } },
  ];
  const file = join(campus.directory, 'public.yaml');
  await writeFile(file, JSON.stringify({ retries: 0, ca: sites.ca, tests }));
  const { exitCode, last } = await runCli(campus, 'smoke', at(PORTS.valid), '--file', file, '--json');
  const { results } = JSON.parse(last) as { readonly results: readonly SmokeResult[] };
  const said = Object.fromEntries(
    results.map(({ name, verdict, evidence }) => [name, `${verdict}: ${evidence}`]),
  );
  expect(exitCode).toBe(9);
  expect(said).toEqual({
    valid: expect.stringMatching(/^pass: valid until .*\((89|90) days\)/),
    expired: expect.stringMatching(/^fail: not trusted: it has expired/),
    selfSigned: expect.stringMatching(/^fail: not trusted: only itself vouches/),
    stranger: expect.stringMatching(/^fail: not trusted: it is for another name/),
    soon: expect.stringMatching(/^fail: .*expected at least 14 days/),
    plain: expect.stringMatching(/^fail: /),
    enforced: expect.stringMatching(/^pass: 301 to https:/),
    'not enforced': expect.stringMatching(/^fail: plain HTTP answered 200/),
    'own pages': expect.stringMatching(/^pass: .*allow-origin is "https:\/\/campus\.test"/),
    'strange pages': expect.stringMatching(/^fail: .*expected https:\/\/evil\.test to be allowed/),
    'strange pages kept out': expect.stringMatching(/^pass: /),
  });
}, 150_000);
