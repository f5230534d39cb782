import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { environmentWorkflowId, status } from '../../src/workflows/messages.js';
import { CampusLab } from './campus-lab.js';
import { photograph, processes } from './photograph.js';
import { runCli, type CliEnd } from './run-cli.js';

const UNIT = '/etc/systemd/system/campus-production-backend.service';
const SITE = '/etc/nginx/conf.d/campus-production.conf';
const STATE = '/var/lib/campus-production-state.json';
const KEPT = 'create table kept as table flyway_schema_history';
const MENDED =
  'truncate flyway_schema_history; insert into flyway_schema_history table kept; drop table kept';
const IN_ORDER = 'Every host that counts serves it.';

let campus: CampusLab;
/** Digests of 1.0.0 and 2.0.0, as environment variables of what is done by hand. */
let digests: Readonly<Record<'ONE' | 'TWO', string>>;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  for (const version of ['1.0.0', '2.0.0']) {
    await campus.release(version);
    await campus.deploy(version);
  }
  const environment = campus.client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  const [two, one] = (await environment.query(status)).releases;
  digests = { ONE: one?.digest ?? '', TWO: two?.digest ?? '' };
}, 120_000);
afterAll(() => campus.close(), 60_000);

function verify(): Promise<CliEnd> {
  return runCli(campus, 'verify', 'production');
}

function converge(...words: string[]): Promise<CliEnd> {
  return runCli(campus, 'converge', 'production', '--reason', 'edited by hand', ...words);
}

/** What verify says of hosts and schema, one sentence each. */
function sentences({ lines }: CliEnd): string[] {
  return lines.filter((line) => /^(web-\d|schema): /.test(line));
}

/** What verify's table says of each host. */
function states({ lines }: CliEnd): string[] {
  return lines.filter((line) => /^\s*web-\d\s/.test(line)).map((line) => line.trim().replace(/\s+/g, ' '));
}

/** Does by hand what nobody should. */
async function byHand(host: string, script: string): Promise<void> {
  const variables = { ...digests, UNIT, SITE, STATE, RELEASES: '/opt/campus-production/releases' };
  const argv = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const done = await campus.lab.run(host, ['env', ...argv, 'sh', '-ec', script]);
  if (done.exitCode !== 0) throw new Error(done.stderr);
}

interface Drift {
  readonly what: string;
  readonly script: string;
  readonly says: readonly string[];
}

const DRIFTS: readonly Drift[] = [
  {
    what: 'a file of the running release was altered',
    script: `echo '# altered' >> $RELEASES/$TWO/backend/campus.py`,
    says: ['backend: campus.py was altered'],
  },
  {
    what: 'a file was laid beside those of the site',
    script: `echo hello > $RELEASES/$TWO/frontend/hello.txt`,
    says: ['frontend: hello.txt is no part of the release'],
  },
  {
    what: 'the unit was edited, and systemd has read it',
    script: `sed -i 's/^Description=.*/Description=mine/' $UNIT; systemctl daemon-reload`,
    says: [`backend: ${UNIT} is not the unit of release 2.0.0`],
  },
  {
    what: 'the unit was edited, and systemd has not read it',
    script: `sed -i 's/^Description=.*/Description=mine/' $UNIT`,
    says: [
      'backend: systemd has not read campus-production-backend.service since it was changed',
      `backend: ${UNIT} is not the unit of release 2.0.0`,
    ],
  },
  {
    what: 'the unit was stopped',
    script: 'systemctl stop campus-production-backend.service',
    says: ['backend is not served'],
  },
  {
    what: 'another release was started',
    script: `sed -i "/^ConditionPathExists=/!s/$TWO/$ONE/" $UNIT; systemctl daemon-reload
      systemctl restart campus-production-backend.service`,
    says: ['backend serves 1.0.0', `backend: ${UNIT} is not the unit of release 1.0.0`],
  },
  {
    what: 'the site was edited',
    script: `echo '# mine' >> $SITE; systemctl reload nginx`,
    says: [`frontend: ${SITE} is not the site of release 2.0.0`],
  },
  {
    what: 'the site was made to serve another release',
    script: `sed -i "s/$TWO/$ONE/g" $SITE; systemctl reload nginx
      until curl -sI http://127.0.0.1/version.txt | grep -q $ONE; do :; done`,
    says: ['frontend serves 1.0.0', `frontend: ${SITE} is not the site of release 1.0.0`],
  },
  {
    what: 'the site was removed',
    script: `rm $SITE; systemctl reload nginx`,
    says: ['frontend is not served'],
  },
  {
    what: 'the state file was edited',
    script: `sed -i 's/"current_version": *"2.0.0"/"current_version": "9.9.9"/' $STATE`,
    says: ['its state file says 9.9.9, not 2.0.0'],
  },
  {
    what: 'the state file was removed',
    script: 'rm $STATE',
    says: ['its state file says nothing, not 2.0.0'],
  },
];

test('after a deployment everything is as it was committed', async () => {
  const before = await photograph(campus);
  const end = await verify();

  expect(sentences(end)).toEqual([]);
  expect(end.lines[0]).toMatch(/^production has committed 2\.0\.0 \([0-9a-f]{8}\)$/);
  expect(states(end)).toEqual(campus.webHosts.map((host) => `${host} ✓ serves it`));
  expect(end.lines).toContain('schema 2: as the release needs it');
  expect(end).toMatchObject({ exitCode: 0, last: IN_ORDER });
  expect(await photograph(campus)).toEqual(before);
}, 60_000);

/** Host → what is wrong there: alone at first, then on every host something else, which saves time. */
const ROUNDS: readonly Readonly<Record<string, Drift>>[] = [
  { 'web-2': at(0) },
  { 'web-1': at(1), 'web-2': at(2), 'web-3': at(3) },
  { 'web-1': at(4), 'web-2': at(5), 'web-3': at(6) },
  { 'web-1': at(7), 'web-2': at(8), 'web-3': at(9) },
  { 'web-2': at(10) },
];

function at(index: number): Drift {
  const drift = DRIFTS[index];
  if (!drift) throw new Error(`there is no drift ${String(index)}`);
  return drift;
}

describe('verify says on which host what differs, changes nothing, and converge undoes it', () => {
  test.each(
    ROUNDS.map((round) => ({
      what: Object.values(round)
        .map(({ what }) => what)
        .join('; '),
      round,
    })),
  )(
    '$what',
    async ({ round }) => {
      for (const [host, { script }] of Object.entries(round)) await byHand(host, script);
      const before = await photograph(campus);
      const found = await verify();

      const told = Object.entries(round).flatMap(([host, { says }]) =>
        says.map((sentence) => `${host}: ${sentence}`),
      );
      expect(sentences(found)).toEqual(told);
      expect(states(found)).toEqual(
        campus.webHosts.map((host) => `${host} ${host in round ? '✗ differs' : '✓ serves it'}`),
      );
      expect(found).toMatchObject({
        exitCode: 9,
        last: "Not as committed. Bring it in order: safeguard converge production --reason '…' --follow",
      });
      expect(await photograph(campus)).toEqual(before);

      const others = async (): Promise<string[]> =>
        (await processes(campus)).filter((_, index) => !((campus.webHosts[index] ?? '') in round));
      const untouched = await others();
      const end = await converge('--follow');
      expect(end.last).toMatch(/^SUCCEEDED: Every host serves 2\.0\.0 \([0-9a-f]{8}\), and it is healthy\.$/);
      expect(end.exitCode).toBe(0);
      const after = await verify();
      expect(sentences(after)).toEqual([]);
      expect(after).toMatchObject({ exitCode: 0, last: IN_ORDER });
      expect(await others()).toEqual(untouched);
      expect(await campus.servedEverywhere()).toBe('2.0.0');
    },
    90_000,
  );
});

test('tried dry, converge says what it would undo, and changes nothing', async () => {
  await byHand('web-2', `systemctl stop campus-production-backend.service; rm $STATE`);
  const before = await photograph(campus);
  const end = await converge('--dry-run');

  expect(end.lines.filter((line) => line.startsWith('  web-'))).toEqual([
    '  web-1: as it should be',
    '  web-2: backend is not served',
    '  web-2: its state file says nothing, not 2.0.0',
    '  web-3: as it should be',
  ]);
  expect(end).toMatchObject({ exitCode: 0, last: 'Nothing was changed.' });
  expect(await photograph(campus)).toEqual(before);
  expect((await converge('--follow')).exitCode).toBe(0);
}, 60_000);

describe('drift of the schema is told, and left to a person', () => {
  test.each([
    {
      what: 'a row of the history was removed',
      statement: `delete from flyway_schema_history where version = '2'`,
      says: 'schema: migration 2 is not applied',
    },
    {
      what: 'the first row of the history was removed',
      statement: `delete from flyway_schema_history where version = '1'`,
      says: 'schema: migration 1 is not applied',
    },
    {
      what: 'a checksum was changed',
      statement: `update flyway_schema_history set checksum = checksum + 1 where version = '1'`,
      says: 'schema: Migration checksum mismatch for migration version 1',
    },
  ])(
    '$what',
    async ({ statement, says }) => {
      await campus.sql(`${KEPT}; ${statement}`);
      const found = await verify();
      expect(sentences(found)).toEqual([says]);
      expect(states(found)).toEqual(campus.webHosts.map((host) => `${host} ✓ serves it`));
      expect(found.lines).toContainEqual(expect.stringMatching(/^schema \d: not as the release needs it$/));
      expect(found.exitCode).toBe(9);
      await campus.sql(MENDED);
    },
    90_000,
  );

  test('converge leaves it as it is', async () => {
    await campus.sql(`${KEPT}; delete from flyway_schema_history where version = '2'`);
    const before = await processes(campus);
    expect((await converge('--follow')).exitCode).toBe(0);
    expect(await processes(campus)).toEqual(before);
    expect(sentences(await verify())).toEqual(['schema: migration 2 is not applied']);
    await campus.sql(MENDED);
    expect(await verify()).toMatchObject({ exitCode: 0, last: IN_ORDER });
  }, 60_000);
});
