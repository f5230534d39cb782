import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HealthLook } from '../../src/domain/check.js';
import { CampusLab } from './campus-lab.js';
import { drawn, untilDrawn, type DrawnTerminal } from './drawn-terminal.js';
import { evictHost, healAll } from './lost-hosts.js';
import { SOON } from './policy.js';
import { runCli } from './run-cli.js';

let campus: CampusLab;
let terminal: DrawnTerminal | null = null;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: SOON });
  await campus.startWorker();
  await campus.release('1.0.0');
  expect(await campus.deploy('1.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
}, 120_000);
afterAll(async () => {
  await terminal?.interrupt();
  await pretendNothing();
  await healAll(campus);
  await campus.close();
}, 120_000);

/** Lets a host's kernel say something else: guests share memory and load with the machine. */
async function pretend(host: string, file: 'meminfo' | 'loadavg', text: string): Promise<void> {
  await campus.lab.run(host, ['tee', `/run/${file}`], { input: text });
  await campus.lab.run(host, ['mount', '--bind', `/run/${file}`, `/proc/${file}`]);
}

async function pretendSystem(host: string, used: number, perCore: number): Promise<void> {
  const { stdout } = await campus.lab.run(host, ['getconf', '_NPROCESSORS_ONLN']);
  await pretend(host, 'meminfo', `MemTotal: 100000 kB\nMemAvailable: ${100_000 - used * 1000} kB\n`);
  await pretend(host, 'loadavg', `${(perCore * Number(stdout)).toFixed(2)} 0.10 0.10 1/100 1\n`);
}

async function pretendNothing(): Promise<void> {
  // As often as it was bound.
  const undo = 'while umount /proc/meminfo /proc/loadavg; do :; done 2>/dev/null';
  await Promise.all(campus.webHosts.map((host) => campus.lab.run(host, ['sh', '-c', undo])));
}

/** What health says of memory and load of each host. */
async function systems() {
  const { exitCode, last } = await runCli(campus, 'health', 'production', '--json');
  const { results } = JSON.parse(last) as HealthLook;
  const about = results.filter(({ category, name }) => category === 'system' && name !== 'disk');
  const said = about.map(({ target, name, severity, verdict, evidence }) => {
    return `${target}: ${severity}: ${name}: ${verdict}: ${evidence}`;
  });
  return { exitCode, said: said.sort() };
}

test('memory that runs short and load are said; memory that is gone makes a release unhealthy', async () => {
  await Promise.all([
    pretendSystem('web-1', 79, 2),
    pretendSystem('web-2', 81, 2.1),
    pretendSystem('web-3', 94, 0.5),
  ]);
  const short = await systems();
  await pretendSystem('web-1', 95, 0.5);
  const gone = await systems();
  await pretendNothing();

  expect(short.said).toEqual([
    'web-1: critical: memory: pass: 79 % in use (limit 95 %)',
    'web-1: warning: load: pass: 2.00 per core (limit 2)',
    'web-1: warning: memory is getting short: pass: 79 % in use (limit 80 %)',
    'web-2: critical: memory: pass: 81 % in use (limit 95 %)',
    'web-2: warning: load: fail: 2.10 per core (limit 2)',
    'web-2: warning: memory is getting short: fail: 81 % in use (limit 80 %)',
    'web-3: critical: memory: pass: 94 % in use (limit 95 %)',
    'web-3: warning: load: pass: 0.50 per core (limit 2)',
    'web-3: warning: memory is getting short: fail: 94 % in use (limit 80 %)',
  ]);
  expect(short.exitCode).toBe(0);
  expect(gone.said).toContain('web-1: critical: memory: fail: 95 % in use (limit 95 %)');
  expect(gone.exitCode).toBe(9);
}, 60_000);

test('health is drawn over itself on a terminal, with the times of earlier looks, until Ctrl-C', async () => {
  const unit = 'campus-production-backend.service';
  terminal = drawn(campus, 'health', 'production', '--watch', '--every', '1s');
  await untilDrawn(terminal, /^✓ +services .* 3 of 3 .* [▁▂▃▄▅▆▇█]{2}$/);
  await campus.lab.run('web-2', ['systemctl', 'stop', unit]);
  await untilDrawn(terminal, /^production is not healthy with 1\.0\.0/);
  expect(terminal.lines()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^\? +backend +backend is UP +2 of 3 .* [▁▂▃▄▅▆▇█]+✗$/),
      expect.stringMatching(/^web-2: critical: backend is UP: could not be carried out: /),
    ]),
  );
  await campus.lab.run('web-2', ['systemctl', 'start', unit]);
  await untilDrawn(terminal, /^production is healthy with 1\.0\.0/);
  // One table, and not one after the other.
  expect(terminal.lines().filter((line) => line.startsWith('production is '))).toHaveLength(1);
  expect(terminal.lines().filter((line) => line.startsWith('web-2: critical: '))).toEqual([]);
  await terminal.interrupt();
  terminal = null;
}, 120_000);

test('health leaves out who is evicted, and says of who cannot be reached that nothing is known', async () => {
  await evictHost(campus, 'web-3');
  await campus.lab.fault('web-2', 'cut');
  const { exitCode, lines } = await runCli(campus, 'health', 'production');
  await campus.lab.fault('web-2', 'heal');
  expect(exitCode).toBe(9);
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^\? +backend +backend is UP +1 of 2 /),
      expect.stringMatching(/^✓ +database .* 1 of 1 /),
      expect.stringMatching(/^web-2: critical: backend is UP: could not be carried out: .*web-2/),
      'Not asked, because evicted: web-3',
    ]),
  );
  expect(lines.filter((line) => /^web-[13]: critical: /.test(line))).toEqual([]);
  expect(lines.at(-1)).toMatch(/^production is not healthy with 1\.0\.0/);
}, 120_000);
