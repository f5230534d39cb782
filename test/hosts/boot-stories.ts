import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { Fault } from '../../lab/lab.js';
import type { Outcome } from '../../src/domain/outcome.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { inspect } from './direct.js';
import { Gate } from './gate.js';
import { HostFacts } from './host-facts.js';
import { SOON } from './policy.js';

/** What a run and a host have come to when the host goes down. */
interface Lab {
  readonly campus: CampusLab;
  readonly gate: Gate;
  readonly web1: HostFacts;
}

interface Story {
  readonly when: string;
  /** What the release does wrong; nothing when left out. */
  readonly misbehave?: 'wrong-version' | 'slow-start';
  /** The outcomes that are true to the moment. */
  readonly outcomes: readonly Outcome[];
  /** Announces what is to be held, before the run begins; then brings the run to the moment. */
  readonly prepare: (lab: Lab) => (run: WorkflowHandle, version: string) => Promise<void>;
}

/** Lets a request go, and waits until the host is at it and can't go on. */
function during(operation: 'activate' | 'restore' | 'commit'): Story['prepare'] {
  return ({ gate, web1 }) => {
    const held = gate.hold(operation, 'web-1');
    return async () => {
      await held.reached;
      await web1.hold('lock');
      void held.letGo();
      await until('the change is under way', () => web1.change());
    };
  };
}

const UNDECIDED: readonly Outcome[] = ['SUCCEEDED', 'ROLLED_BACK'];

const STORIES: readonly Story[] = [
  {
    when: 'while the release is sent',
    // The release serves nowhere yet, so there is nothing to roll back.
    outcomes: ['SUCCEEDED', 'REFUSED'],
    prepare({ campus, gate, web1 }) {
      // The first of its archives; the other one waits for it.
      const sent = gate.hold('stage', 'web-1');
      return async () => {
        await sent.reached;
        await web1.hold('ledger');
        void sent.letGo();
        const argv = ['pgrep', '-f', 'safeguard-host'];
        await until('it is received', async () => (await campus.lab.run('web-1', argv)).exitCode === 0);
      };
    },
  },
  { when: 'before its service is started', outcomes: UNDECIDED, prepare: during('activate') },
  {
    when: 'after its service was started',
    misbehave: 'slow-start',
    outcomes: UNDECIDED,
    prepare:
      ({ campus }) =>
      async (_, version) => {
        await until('it runs', async () => (await campus.serving('web-1')).backend === version);
      },
  },
  {
    when: 'during the health checks',
    outcomes: UNDECIDED,
    prepare:
      ({ campus }) =>
      async (run) => {
        await campus.untilStep(run, 'health checks');
      },
  },
  {
    when: 'between its vote and the commit',
    outcomes: ['SUCCEEDED'],
    prepare({ campus, gate }) {
      const held = campus.webHosts.map((host) => gate.hold('commit', host));
      return async () => {
        for (const one of held) await one.reached;
        expect((await inspect(campus, 'web-1')).intent).toMatchObject({ prepared: true });
      };
    },
  },
  { when: 'during the commit', outcomes: ['SUCCEEDED'], prepare: during('commit') },
  {
    when: 'on the way back',
    misbehave: 'wrong-version',
    outcomes: ['ROLLED_BACK'],
    prepare: during('restore'),
  },
];

/** Declares the tests of a host that goes down in one way at every moment of a run, and comes back. */
export function describeBoots(title: string, down: Fault, up: Fault): void {
  let lab: Lab;
  let served = '1.0.0';

  beforeAll(async () => {
    const campus = await CampusLab.open({ policy: SOON });
    lab = { campus, gate: new Gate(), web1: new HostFacts(campus.lab, 'web-1') };
    await campus.startWorker(lab.gate.instead);
    await campus.release(served);
    await campus.deploy(served);
  }, 120_000);
  afterEach(async () => {
    lab.gate.open();
    await lab.campus.lab.fault('web-1', 'start');
  }, 60_000);
  afterAll(async () => {
    lab.gate.open();
    await lab.campus.close();
    await lab.gate.close();
  }, 60_000);

  describe(title, () => {
    test.each(STORIES)(
      '$when',
      async (story) => {
        const { campus, gate } = lab;
        const version = `2.${STORIES.indexOf(story)}.0`;
        await campus.release(version, story.misbehave ? { misbehave: story.misbehave, seconds: 5 } : {});
        const bring = story.prepare(lab);
        const run = await campus.start(version);
        await bring(run, version);
        await campus.lab.fault('web-1', down);
        gate.open();
        await campus.lab.fault('web-1', up);

        const { outcome, message } = await ended(run);
        if (outcome === null || !story.outcomes.includes(outcome)) throw new Error(message);
        served = outcome === 'SUCCEEDED' ? version : served;
        await until(`${served} serves everywhere`, async () => (await campus.servedEverywhere()) === served);
        const record = (await campus.records()).find((one) => one.version === version);
        expect(record?.outcome).toBe(outcome);
        for (const host of campus.webHosts)
          expect(await inspect(campus, host)).toMatchObject({
            committedVersion: served,
            intent: null,
            withheld: null,
          });
      },
      120_000,
    );
  });
}
