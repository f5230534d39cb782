import { describe, expect, test } from '@jest/globals';
import { judgeBoots } from '../../chaos/checker/boots.js';
import type { Change, Start } from '../../chaos/checker/facts.js';
import { judgeOrder } from '../../chaos/checker/order.js';
import type { AcceptedRun } from '../../chaos/checker/types.js';
import { judgeUnfinished } from '../../chaos/checker/unfinished.js';
import { judgeWayBack } from '../../chaos/checker/way-back.js';

const NAME = 'campus-production';

function change(run: string, token: string, from: number, over: Partial<Change> = {}): Change {
  const unit = `safeguard-${NAME}-${run}-${token}.scope`;
  return { unit, operation: 'activate', from, to: from + 1, boot: 'one', failed: false, ...over };
}

function run(deploymentId: string, status: string, version = '2.0.0'): AcceptedRun {
  return { deploymentId, workflowId: `deployment/production/${version}/${deploymentId}`, version, status };
}

function on(host: Change[]): Map<string, Change[]> {
  return new Map([['web-1', host]]);
}

describe('the order of changes on a host', () => {
  test.each<[string, Change[]]>([
    ['step after step, try after try', [change('a', '1-1', 1), change('a', '2-1', 3), change('a', '2-2', 5)]],
    ['again in another boot', [change('a', '1-1', 1), change('a', '1-1', 3, { boot: 'two' })]],
    ['again after it was cut off', [change('a', '1-1', 1, { failed: true }), change('a', '1-1', 3)]],
    ['a rollback after the run that it takes back', [change('a', '9-1', 1), change('a-rollback', '1-1', 3)]],
    ['run after run', [change('a', '9-1', 1), change('b', '1-1', 3)]],
  ])('%s is right', (_, changes) => {
    expect(judgeOrder(NAME, on(changes))).toEqual([]);
  });

  test.each<[string, Change[], RegExp]>([
    ['twice in one boot', [change('a', '1-1', 1), change('a', '1-1', 3)], /a-1-1.* began twice in one boot/],
    ['a lower step', [change('a', '3-1', 1), change('a', '2-2', 3)], /a-2-2.* began after .*a-3-1/],
    ['a lower try', [change('a', '3-2', 1), change('a', '3-1', 3)], /a-3-1.* began after .*a-3-2/],
    [
      'a run that was taken back',
      [change('a', '1-1', 1), change('a-rollback', '1-1', 3), change('a', '2-1', 5)],
      /a-2-1.* began after .*a-rollback-1-1/,
    ],
    [
      'a run after the next one',
      [change('a', '1-1', 1), change('b', '1-1', 3), change('a', '2-1', 5)],
      /a-2-1.* began after .*b-1-1/,
    ],
  ])('%s is found', (_, changes, what) => {
    expect(judgeOrder(NAME, on(changes))).toMatchObject([
      { invariant: 'I3', host: 'web-1', what: expect.stringMatching(what) as unknown },
    ]);
  });
});

describe('what a run had changed before it ended', () => {
  const activated = change('a', '3-1', 1);

  test.each<[string, string, Change[]]>([
    ['it went through', 'COMPLETED', [activated, change('a', '4-1', 3, { operation: 'commit' })]],
    ['it still goes on', 'RUNNING', [activated]],
    [
      'its way back ended with the commit alone',
      'FAILED',
      [activated, change('a', '4-1', 3, { operation: 'commit' })],
    ],
    ['it brought the host back', 'FAILED', [activated, change('a', '4-1', 3, { operation: 'restore' })]],
    [
      'somebody else did',
      'TERMINATED',
      [activated, change('a-rollback', '1-1', 3, { operation: 'restore' })],
    ],
    [
      'the next run changed it',
      'CANCELLED',
      [activated, change('b', '1-1', 3), change('b', '2-1', 5, { operation: 'commit' })],
    ],
  ])('is right when %s', (_, status, changes) => {
    expect(judgeUnfinished(NAME, [run('a', status), run('b', 'COMPLETED')], on(changes))).toEqual([]);
  });

  test('is found when it has not told a host that it is for good, even if the next run has', () => {
    const voted = change('a', '4-1', 3, { operation: 'prepare' });
    const next = [change('b', '1-1', 5), change('b', '2-1', 7, { operation: 'commit' })];
    for (const changes of [
      [activated, voted],
      [activated, voted, ...next],
    ])
      expect(
        judgeUnfinished(NAME, [run('a', 'COMPLETED'), run('b', 'COMPLETED')], on(changes)),
      ).toMatchObject([
        {
          invariant: 'I1',
          host: 'web-1',
          what: 'a has ended as COMPLETED, and it has not told the host that 2.0.0 is for good',
        },
      ]);
  });

  test('is found when nobody has brought it back', () => {
    const restored = change('a', '4-1', 0, { operation: 'restore' });
    for (const status of ['FAILED', 'CANCELLED', 'TERMINATED'])
      expect(judgeUnfinished(NAME, [run('a', status)], on([restored, activated]))).toMatchObject([
        { invariant: 'I1', host: 'web-1', what: expect.stringContaining(`ended as ${status}`) as unknown },
      ]);
  });
});

describe('what hosts start when they boot', () => {
  const runs = [run('a', 'COMPLETED', '1.0.0'), run('b', 'FAILED', '2.0.0')];
  const before = [
    change('a', '3-1', 1),
    change('a', '5-1', 2, { operation: 'commit' }),
    change('b', '3-1', 4),
  ];

  function found(starts: Start[], changes = before): string[] {
    return judgeBoots(NAME, runs, new Map([['web-1', { changes, starts }]])).map(({ what }) => what);
  }

  test('what is for good is right', () => {
    expect(found([{ boot: 'two', at: 9, version: '1.0.0' }])).toEqual([]);
    const commits = [...before, change('b', '5-1', 6, { operation: 'commit' })];
    expect(found([{ boot: 'two', at: 9, version: '2.0.0' }], commits)).toEqual([]);
  });

  test('what a change started is judged elsewhere', () => {
    const again = change('b', '3-1', 8, { boot: 'two' });
    expect(found([{ boot: 'two', at: 9, version: '2.0.0' }], [...before, again])).toEqual([]);
  });

  test('what is not for good yet is found', () => {
    const what = [expect.stringMatching(/^It started 2\.0\.0 by itself/)];
    const start = { boot: 'two', at: 9, version: '2.0.0' };
    expect(found([start])).toEqual(what);
    expect(found([start], [...before, change('b', '5-1', 10, { operation: 'commit' })])).toEqual(what);
    const back = [
      change('b', '5-1', 6, { operation: 'restore' }),
      change('b', '6-1', 7, { operation: 'commit' }),
    ];
    expect(found([start], [...before, ...back])).toEqual(what);
  });
});

describe('the way back', () => {
  function history(...events: object[]): string {
    return JSON.stringify({
      events: events.map((event, index) => ({ eventId: String(index + 1), ...event })),
    });
  }
  function scheduled(name: string): object {
    return { activityTaskScheduledEventAttributes: { activityType: { name } } };
  }
  const [activate, restore] = [scheduled('activate'), scheduled('restore')];

  function found(json: string): string[] {
    return judgeWayBack({ histories: new Map([['deployment/a', json]]) }).map(({ what }) => what);
  }

  test.each(['Completed', 'Failed', 'TimedOut', 'Canceled'])(
    'is right when what went on has ended as %s',
    (how) => {
      const end = { [`activityTask${how}EventAttributes`]: { scheduledEventId: '1' } };
      expect(found(history(activate, end, restore))).toEqual([]);
    },
  );

  test('is found when it begins before that', () => {
    const end = { activityTaskCanceledEventAttributes: { scheduledEventId: '1' } };
    expect(found(history(activate, restore, end))).toEqual([
      'The way back of deployment/a began while activate still went on',
    ]);
  });
});
