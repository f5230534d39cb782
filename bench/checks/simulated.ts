import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createConnection, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { askAll, type Asked } from '../../src/activities/check.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import type { EnvironmentConfig } from '../../src/config/load.js';
import type { Check, CheckResult } from '../../src/domain/check.js';
import type { HostRef } from '../../src/domain/plan.js';

const TARGETS = 20;
const CHECKS_OF_EACH = 10;
/** What an answer takes, in milliseconds: a service that has something to do, and a network. */
const ANSWER_MS = 20;
/** Of each check, in milliseconds. */
const TIMEOUT_MS = 1000;

/** A target that answers, or one that takes connections and never says a word. */
type Behaviour = 'answers' | 'silent';

async function target(behaviour: Behaviour): Promise<Server> {
  const server = createServer((_request, response) => {
    if (behaviour === 'silent') return;
    void delay(ANSWER_MS).then(() => response.end('{"status":"UP"}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function checksOf(): Check[] {
  return Array.from({ length: CHECKS_OF_EACH }, (_, index) => ({
    name: `page ${index}`,
    category: 'backend',
    severity: 'critical',
    attempts: 1,
    kind: 'http',
    port: 80,
    path: `/page-${index}`,
    status: 200,
    json: { pointer: '/status', equals: 'UP' },
  }));
}

/** Connections go straight to the target, where the product goes through a host's SSH connection. */
function straightTo(servers: readonly Server[]): Dependencies {
  const forward = async ({ name }: { readonly name: string }) => {
    const server = servers[Number(name)];
    if (server === undefined) throw new Error(`there is no target ${name}`);
    const socket = createConnection({ port: portOf(server), host: '127.0.0.1' });
    await once(socket, 'connect');
    return socket;
  };
  return { ssh: { forward }, program: {} } as unknown as Dependencies;
}

function asked(hosts: readonly HostRef[]): Asked {
  const policy = {
    attempts: 1,
    pageAttempts: 1,
    intervalSeconds: 1,
    timeoutSeconds: TIMEOUT_MS / 1000,
    phaseTimeoutSeconds: 60,
    slowMs: 10_000,
  };
  return { hosts, checks: checksOf(), policy };
}

const ENVIRONMENT = {
  application: 'simulated',
  name: 'bench',
  components: {},
  ownChecks: [],
  github: null,
  ssh: { user: 'nobody', key: '/dev/null', knownHosts: '/dev/null' },
} as unknown as EnvironmentConfig;

async function course(behaviours: readonly Behaviour[]): Promise<{ ms: number; results: CheckResult[] }> {
  const servers = await Promise.all(behaviours.map(target));
  const hosts = servers.map((_, index) => ({ name: String(index), address: '127.0.0.1', port: 22 }));
  const pulse = { signal: new AbortController().signal, say: () => undefined };
  try {
    const begun = performance.now();
    const results = await askAll(straightTo(servers), ENVIRONMENT, asked(hosts), pulse);
    return { ms: performance.now() - begun, results };
  } finally {
    for (const server of servers) server.closeAllConnections();
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
}

function assertCounts(results: readonly CheckResult[], passed: number): void {
  const found = results.filter(({ verdict }) => verdict === 'pass').length;
  if (found !== passed) throw new Error(`${found} of ${results.length} checks passed, expected ${passed}`);
}

/** 200 checks of 20 targets that answer, in milliseconds. */
export async function allAnswer(): Promise<number> {
  const { ms, results } = await course(Array.from({ length: TARGETS }, () => 'answers'));
  assertCounts(results, TARGETS * CHECKS_OF_EACH);
  return ms;
}

/** The same with two of them silent: each of their checks takes its whole time-out. */
export async function twoAreSilent(): Promise<number> {
  const { ms, results } = await course(
    Array.from({ length: TARGETS }, (_, index) => (index < 2 ? 'silent' : 'answers')),
  );
  assertCounts(results, (TARGETS - 2) * CHECKS_OF_EACH);
  return ms;
}

/** The raw limit: the same requests by fetch, all at once, in milliseconds. */
export async function byFetch(): Promise<number> {
  const servers = await Promise.all(Array.from({ length: TARGETS }, () => target('answers')));
  try {
    const begun = performance.now();
    const paths = checksOf().map((_, index) => `/page-${index}`);
    await Promise.all(
      servers.flatMap((server) =>
        paths.map(async (path) => {
          const answer = await fetch(`http://127.0.0.1:${portOf(server)}${path}`);
          await answer.json();
        }),
      ),
    );
    return performance.now() - begun;
  } finally {
    for (const server of servers) server.closeAllConnections();
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
}
