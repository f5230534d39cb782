import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkAtRest } from '../../chaos/checker/check.js';
import type { Rest, Violation } from '../../chaos/checker/types.js';
import { CampusLab, until } from './campus-lab.js';
import { DATABASE, ROWS, writeRows } from './chaos-plants-database.js';
import { LEAKS } from './chaos-plants-leaks.js';
import { LEFT } from './chaos-plants-left.js';
import { PAPERS } from './chaos-plants-papers.js';
import { SERVING } from './chaos-plants-serving.js';
import { PRELUDE, type Place, type Plant } from './chaos-plants.js';
import { restOf } from './chaos-rest.js';

const LIMIT_MS = 30_000;
const POLICY = {
  approval: { required: false },
  retries: { tries: 1, delay: '1s' },
  limits: { step: '60s', rollback: '60s', stabilise: '1s' },
  checks: { attempts: 1, interval: '1s', timeout: '5s', phase: '60s', stabilise: '0s' },
};

let campus: CampusLab;
let place: Place;

async function on(host: string, script: string, input = ''): Promise<void> {
  const { exitCode, stdout, stderr } = await campus.lab.run(host, ['bash', '-c', `${PRELUDE}\n${script}`], {
    input,
  });
  if (exitCode !== 0) throw new Error(`${host}: ${script}: ${exitCode} ${stdout} ${stderr}`);
}

beforeAll(async () => {
  // Journals of hosts hold what tests before this one did on the same lab.
  const since = new Date();
  campus = await CampusLab.open({ policy: POLICY, readyTimeout: '3s' });
  await campus.startWorker();
  await Promise.all([campus.release('1.0.0'), campus.release('2.0.0')]);
  await campus.release('2.0.1', { misbehave: 'never-healthy' });
  expect(await campus.deploy('1.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.deploy('2.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.deploy('2.0.1')).toMatchObject({ outcome: 'ROLLED_BACK' });
  await campus.stopWorker();
  await writeRows(campus);
  // Has all that is written in another way in JSON, URLs and the two kinds of base64.
  const secret = `pl/nted "${randomBytes(12).toString('hex')}+`;
  const password = (await campus.lab.secrets())['CAMPUS_PRODUCTION_DB_PASSWORD'] ?? '';
  const told = { acknowledged: ROWS, secrets: [password, secret], since };
  place = { campus, on, secret, rest: await restOf(campus, ['1.0.0', '2.0.0', '2.0.1'], told) };
}, 180_000);
afterAll(async () => {
  await campus.sql('drop schema if exists chaos cascade');
  await campus.close();
}, 60_000);

/** What is found, when nothing moves any more: systemd and sshd take a moment to see that something is gone. */
async function found(rest: Rest, enough: (violations: Violation[]) => boolean): Promise<Violation[]> {
  let violations: Violation[] = [];
  await until('it is as expected', async () => enough((violations = await checkAtRest(rest))), 5000).catch(
    () => undefined,
  );
  return violations;
}

function sentences(violations: readonly Violation[]): string[] {
  return violations.map(({ invariant, host, what }) => `${invariant} ${host ?? '-'} ${what}`).sort();
}

async function findsNothing(): Promise<void> {
  expect(await found(place.rest, (violations) => violations.length === 0)).toEqual([]);
}

/** Exactly what is expected is found. That nothing is left of a plant is seen by the next one, and at the end. */
async function isFound({ put, undo, tell, finds }: Plant): Promise<void> {
  try {
    await put(place);
    const rest = { ...place.rest, ...tell?.(place) };
    const violations = await found(rest, ({ length }) => length === finds.length);
    const said = sentences(violations);
    expect(said).toHaveLength(finds.length);
    for (const [invariant, host, what] of finds) {
      const about = `${invariant} ${host ?? '-'} `;
      expect(
        said.filter((one) => one.startsWith(about)).map((one) => one.slice(about.length)),
      ).toContainEqual(expect.stringMatching(what));
    }
    for (const { evidence } of violations) {
      expect(evidence).not.toBe('');
      expect(evidence).not.toContain(place.secret);
    }
  } finally {
    await undo?.(place);
  }
}

test('after two deployments and a way back nothing is wrong, and it is said soon', async () => {
  await findsNothing();
  const began = Date.now();
  await checkAtRest(place.rest);
  console.log(`the checker read 4 hosts in ${Date.now() - began} ms`);
}, 60_000);

describe.each([
  // Before those which forget the journals.
  ['I4', PAPERS],
  ['I1', SERVING],
  ['I1 and I2', DATABASE],
  ['I1 and I3', LEFT],
  ['I5', LEAKS],
])('%s', (_, plants) => {
  test.each(plants)('$name', isFound, LIMIT_MS);
});

test('nothing is left of all that', findsNothing, LIMIT_MS);
