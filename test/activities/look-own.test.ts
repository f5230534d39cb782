import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtContainer, lookByCommand, lookOutside } from '../../src/activities/look-own.js';
import { watchedCommand } from '../../src/activities/watched-command.js';
import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { repeated, turns } from '../../src/checks/repeat.js';
import type { Observation, OwnCheck } from '../../src/domain/check.js';
import { LOGIN, startPrometheus, type PrometheusServer } from '../adapters/probes/prometheus-server.js';
import { freePort, startSshd, type Sshd } from '../adapters/ssh/sshd.js';
import { CampusSite } from '../checks/campus-site.js';
import { Authority } from '../checks/certificates.js';

const BASE = { name: 'own', category: 'external', severity: 'warning', attempts: 1 } as const;
const SECRET = 'hunter2 and more';

let folder: string;
let site: CampusSite;
let prometheus: PrometheusServer;
let guarded: PrometheusServer;
let sshd: Sshd;
const ssh = new SshConnections();
const at: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-own-'));
  const authority = await Authority.found(folder);
  site = new CampusSite();
  const certified = await authority.issue('prometheus', 20);
  [prometheus, guarded, sshd] = await Promise.all([
    startPrometheus(),
    startPrometheus([], certified),
    startSshd(),
  ]);
  Object.assign(at, {
    plain: await site.plain(),
    secure: await site.secure(await authority.issue('valid', 20)),
    expired: await site.secure(await authority.issue('expired', -1)),
    silent: `http://${await site.silent()}`,
    down: `http://127.0.0.1:${await freePort()}`,
  });
}, 240_000);
afterAll(async () => {
  await Promise.all([site.close(), prometheus.stop(), guarded.stop(), ssh.close()]);
  await sshd.stop();
  await rm(folder, { recursive: true });
});

/** The verdict of one look, as a run comes to it. */
async function verdictOf(
  look: (limits: { signal: AbortSignal; timeoutMs: number }) => Promise<Observation>,
  timeoutMs = 10_000,
) {
  const { signal } = new AbortController();
  const patience = { attempts: 1, intervalMs: 0 };
  return repeated(
    () => look({ signal, timeoutMs }),
    patience,
    turns(),
    signal,
    (text) => text,
  );
}

type Outside = Parameters<typeof lookOutside>[0];
const outside = async (check: object, timeoutMs?: number) => {
  const { verdict, evidence } = await verdictOf(
    (limits) => lookOutside({ ...BASE, ...check } as Outside, limits),
    timeoutMs,
  );
  return `${verdict}: ${evidence}`;
};
const web = (place: string, path: string, more: object = {}, timeoutMs?: number) =>
  outside(
    { kind: 'web', url: `${at[place] ?? ''}${path}`, status: 200, headers: {}, secretHeaders: {}, ...more },
    timeoutMs,
  );
const port = (place: string): { host: string; port: number } => {
  const { hostname, port: number } = new URL(at[place] ?? '');
  return { host: hostname, port: Number(number) };
};

describe('a page on the web', () => {
  test('as it should be', async () => {
    expect(await web('plain', '/health', { contains: 'UP' })).toMatch(/^pass: 200 in /);
    expect(await web('secure', '/health', { ca: join(folder, 'ca.pem') })).toMatch(/^pass: 200 in /);
  });
  test('that wants a login, whose value stands elsewhere', async () => {
    await writeFile(join(folder, 'token'), 'Bearer 12345\n');
    const more = {
      secretHeaders: { authorization: { file: join(folder, 'token') } },
      contains: '"Bearer 12345"',
    };
    expect(await web('plain', '/me', more)).toMatch(/^pass: /);
  });
  test.each([
    ['plain', '/503', {}, /^fail: answered 503, expected 200$/],
    ['plain', '/health', { contains: 'DOWN' }, /^fail: the body is without "DOWN"$/],
    ['plain', '/hang-up', {}, /^fail: /],
    ['plain', '/endless', {}, /^fail: .*larger than/],
    ['secure', '/health', {}, /^fail: .*not trusted/],
    ['down', '/', {}, /^unknown: .*ECONNREFUSED/],
    ['plain', '/', { ca: '/nowhere/ca.pem' }, /^unknown: The certificates can't be read/],
    [
      'plain',
      '/',
      { secretHeaders: { authorization: { env: 'SAFEGUARD_NO_SUCH' } } },
      /^unknown: The secret own: authorization/,
    ],
  ])('%s%s %j', async (place, path, more, said) => expect(await web(place, path, more)).toMatch(said));
  test('that never answers', async () =>
    expect(await web('silent', '/', {}, 300)).toMatch(/^fail: .*no answer within 300 ms/));
});

test('a port', async () => {
  expect(await outside({ kind: 'tcp', ...port('plain') })).toMatch(/^pass: accepted in /);
  expect(await outside({ kind: 'tcp', ...port('down') })).toMatch(/^unknown: .*ECONNREFUSED/);
});

test('a certificate', async () => {
  const ask = (place: string, more: object, timeoutMs?: number) =>
    outside({ kind: 'tls', ...port(place), daysLeft: 14, ca: join(folder, 'ca.pem'), ...more }, timeoutMs);
  expect(await ask('secure', {})).toMatch(/^pass: valid until .*\((19|20) days\)/);
  expect(await ask('secure', { daysLeft: 30 })).toMatch(/^fail: .*expected at least 30 days/);
  expect(await ask('expired', {})).toMatch(/^fail: not trusted: it has expired/);
  expect(await ask('plain', {})).toMatch(/^fail: /);
  expect(await ask('silent', {}, 300)).toMatch(/^fail: .*no answer within/);
  expect(await ask('down', {})).toMatch(/^unknown: /);
});

test('a query of Prometheus', async () => {
  const ask = (query: string, url = prometheus.url) => outside({ kind: 'prometheus', url, query, below: 5 });
  expect(await ask('vector(1)')).toBe('pass: 1: below 5');
  expect(await ask('vector(7)')).toBe('fail: expected below 5, found 7');
  expect(await ask('absent_metric')).toBe('unknown: the query comes to no sample');
  expect(await ask('sum(')).toMatch(/^fail: .*bad_data/);
  expect(await ask('vector(1)', at['down'])).toMatch(/^unknown: /);
  expect(await ask('vector(1)', at['plain'])).toMatch(/^fail: .*no vector/);
});

test('a query of a Prometheus that asks for a login, by TLS of an authority of its own', async () => {
  const login = join(folder, 'login');
  await writeFile(login, `${LOGIN}\n`);
  const whole = { secretHeaders: { authorization: { file: login } }, ca: join(folder, 'ca.pem') };
  const ask = (over: object) =>
    outside({ kind: 'prometheus', url: guarded.url, query: 'vector(1)', below: 5, ...whole, ...over });
  expect(await ask({})).toBe('pass: 1: below 5');
  expect(await ask({ secretHeaders: {} })).toMatch(/^unknown: .*answered 401: it lets nobody in/);
  expect(await ask({ ca: undefined })).toMatch(/^fail: .*not trusted/);
  expect(await ask({ ca: '/nowhere/ca.pem' })).toMatch(/^unknown: The certificates can't be read/);
  expect(await ask({ secretHeaders: { authorization: { env: 'SAFEGUARD_NO_SUCH' } } })).toMatch(
    /^unknown: The secret own: authorization/,
  );
  await writeFile(login, `Basic ${Buffer.from('safeguard:guessed').toString('base64')}`);
  expect(await ask({})).toMatch(/^unknown: .*answered 401/);
});

describe('a command on a host', () => {
  const hide = (text: string): string => text.replaceAll(SECRET, '[secret]');
  const command = async (argv: readonly string[], timeoutMs?: number, contains?: string) => {
    const check = {
      ...BASE,
      kind: 'command',
      argv,
      ...(contains === undefined ? {} : { contains }),
    } as const;
    return verdictOf((limits) => lookByCommand(ssh, sshd.target, check, limits, hide), timeoutMs);
  };
  test('is run word by word, without a shell', async () => {
    const words = ['printf', '%s|', 'a b', '$(id)', ';', "it's"];
    expect(await command(words)).toMatchObject({
      verdict: 'pass',
      evidence: 'status 0, said "a b|$(id)|;|it\'s|"',
    });
  });
  test.each([
    [['false'], undefined, 'fail', /^ended with status 1/],
    [['echo', 'queue: 9'], 'queue: 0', 'fail', /^expected "queue: 0" in its output/],
    [['/no/such/program'], undefined, 'unknown', /^could not be run/],
    [['/etc/passwd'], undefined, 'unknown', /^could not be run/],
    [['yes'], undefined, 'fail', /wrote more than it may/],
  ])('%j', async (argv, contains, verdict, said) => {
    const found = await command(argv, undefined, contains);
    expect(found.verdict).toBe(verdict);
    expect(found.evidence).toMatch(said);
  });
  test('shows no secret, not even where it is cut', async () => {
    const { evidence } = await command(['printf', '%s', `${'x'.repeat(275)}${SECRET}`]);
    expect(evidence).not.toContain('hunter');
  });
  test('that does not end is ended on the host, with what it started, even where it will not', async () => {
    const mark = `${folder}/still`;
    const script = join(folder, 'stubborn.py');
    const lines = [
      'import os, signal, time',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'os.fork()',
      'while True:',
      `    open(${JSON.stringify(mark)} + str(os.getpid()), 'w').close()`,
      '    time.sleep(0.05)',
    ];
    await writeFile(script, lines.join('\n'));
    const found = await command(['python3', script], 8000);
    expect(found).toMatchObject({ verdict: 'fail' });
    expect(found.evidence).toMatch(/^did not end within 6.4 s/);
    const { stdout } = await ssh.exec(sshd.target, ['pgrep', '-f', script]);
    expect(stdout.trim()).toBe('');
  }, 30_000);
  test('on a host that is away', async () => {
    const target = { ...sshd.target, port: await freePort() };
    const check: OwnCheck = { ...BASE, kind: 'command', argv: ['true'] };
    const found = await verdictOf((limits) => lookByCommand(ssh, target, check, limits, hide));
    expect(found.verdict).toBe('unknown');
  }, 30_000);
});

test('a host without an engine knows nothing of its containers', async () => {
  const own = { ...BASE, kind: 'container', engine: 'podman', container: 'search', rootless: true } as const;
  const at = { application: 'campus', name: 'production' };
  const access = { ssh, program: new HostProgram(ssh) };
  const found = await verdictOf((limits) =>
    lookAtContainer(access, at, sshd.target, own, limits, (text) => text),
  );
  expect(found.verdict).toBe('unknown');
});

test('the watch is over before the look is', () =>
  expect(watchedCommand(['true'], 10_000)).toEqual(['timeout', '--kill-after=1.000s', '8.000s', 'true']));
