import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../chaos/checker/facts.js';
import { hadAsked, judgePapers, parsePaper, type Paper } from '../../chaos/checker/papers.js';
import type { AcceptedRun, Rest } from '../../chaos/checker/types.js';

const ID = '20260101-000000-aaaaaa';

function run(status: string, kind = 'deployment'): AcceptedRun {
  return { deploymentId: ID, workflowId: `${kind}/production/2.0.0/${ID}`, version: '2.0.0', status };
}

function paper(type: Paper['type'], outcome: string, kind = 'deployment', workflow = 'deployment'): Paper {
  const workflowId = `${workflow}/production/2.0.0/${ID}`;
  return { file: `${type}.json`, type, deploymentId: ID, workflowId, kind, outcome };
}

function change(operation: string, from: number, run = ID): Change {
  const unit = `safeguard-campus-production-${run}-${from}-1.scope`;
  return { unit, operation, from, to: from + 1, boot: 'one', failed: false };
}

function judged(of: AcceptedRun, papers: Paper[], changes: Change[] = [], history?: string): string[] {
  const rest = {
    application: 'campus',
    environment: 'production',
    runs: [of],
    histories: new Map(history === undefined ? [] : [[of.workflowId, history]]),
  };
  // The rest of it is none of a record's business.
  return judgePapers(rest as unknown as Rest, { papers, broken: [] }, changes).map(({ what }) => what);
}

describe('a run that ended by itself', () => {
  test.each([
    ['COMPLETED', 'SUCCEEDED'],
    ['COMPLETED', 'NOOP'],
    ['FAILED', 'REFUSED'],
    ['CANCELLED', 'WITHDRAWN'],
  ])('%s with one record that says %s', (status, outcome) => {
    expect(judged(run(status), [paper('record', outcome)])).toEqual([]);
  });

  test.each(['ROLLED_BACK', 'ROLLED_BACK_UNHEALTHY', 'PARTIAL'])('%s has one incident', (outcome) => {
    const record = paper('record', outcome);
    const incident = paper('incident', outcome);
    expect(judged(run('FAILED'), [record, incident])).toEqual([]);
    expect(judged(run('FAILED'), [record])).toEqual([expect.stringMatching(/has no incident$/)]);
    expect(judged(run('FAILED'), [record, incident, incident])).toEqual([
      expect.stringMatching(/has 2 incidents$/),
    ]);
  });

  test.each([
    ['COMPLETED', 'WITHDRAWN'],
    ['FAILED', 'SUCCEEDED'],
  ])('%s and its record says %s', (status, outcome) => {
    expect(judged(run(status), [paper('record', outcome)])).toEqual([
      expect.stringMatching(/and its record says/),
    ]);
  });

  test('its record was written by another workflow', () => {
    expect(judged(run('FAILED'), [paper('record', 'REFUSED', 'rollback', 'rollback')])).toEqual([
      expect.stringMatching(/written by another workflow$/),
    ]);
  });

  test('a rollback that the hosts have seen and the record denies', () => {
    const record = paper('record', 'WITHDRAWN');
    const changes = [change('activate', 1), change('restore', 5)];
    expect(judged(run('FAILED'), [record], changes)).toEqual([expect.stringMatching(/has no incident$/)]);
    expect(judged(run('FAILED'), [record], [change('restore', 5)])).toEqual([]);
    expect(judged(run('FAILED'), [record], [change('activate', 1), change('restore', 5, 'other')])).toEqual(
      [],
    );
  });
});

test('a rollback by hand completes, and is a rollback with an incident', () => {
  const record = paper('record', 'ROLLED_BACK', 'rollback', 'rollback');
  const own = run('COMPLETED', 'rollback');
  expect(judged(own, [record, paper('incident', 'ROLLED_BACK')])).toEqual([]);
  expect(judged(own, [record])).toHaveLength(1);
});

test('a repair that ends as PARTIAL has no incident of its own', () => {
  const record = paper('record', 'PARTIAL', 'converge', 'converge');
  expect(judged(run('FAILED', 'converge'), [record])).toEqual([]);
});

describe('a run that was terminated', () => {
  const asked = JSON.stringify({
    events: [
      { eventId: '5', activityTaskScheduledEventAttributes: { activityType: { name: 'enqueue' } } },
      { eventId: '7', activityTaskCompletedEventAttributes: { scheduledEventId: '5' } },
    ],
  });

  test('has the record that the rollback of its environment wrote', () => {
    const record = paper('record', 'ROLLED_BACK', 'rollback', 'rollback');
    expect(judged(run('TERMINATED'), [record, paper('incident', 'ROLLED_BACK')], [], asked)).toEqual([]);
  });

  test('has a record when its environment knew of it', () => {
    expect(judged(run('TERMINATED'), [], [], asked)).toEqual([expect.stringMatching(/has no record$/)]);
    expect(judged(run('TERMINATED'), [], [], '{"events":[]}')).toEqual([]);
  });

  test('may have asked for its environment in a task of its workflow', () => {
    const data = Buffer.from('{"activity_id":"1","activity_type":"enqueue"}').toString('base64');
    expect(hadAsked(`{"events":[{"markerRecordedEventAttributes":{"data":"${data}"}}]}`)).toBe(true);
    expect(hadAsked(undefined)).toBe(false);
  });
});

test('a record of a deployment that nobody started', () => {
  const stray = { ...paper('record', 'SUCCEEDED'), deploymentId: 'other' };
  expect(judged(run('COMPLETED'), [paper('record', 'SUCCEEDED'), stray])).toEqual([
    'other has a record, and nobody started it',
  ]);
});

test('what is no record or incident is no paper; what is no JSON is told', () => {
  expect(parsePaper('x', '{"schema":"safeguard/capture/v1"}')).toBeNull();
  expect(parsePaper('x', 'null')).toBeNull();
  expect(() => parsePaper('x', '{"schema":')).toThrow(SyntaxError);
  expect(parsePaper('x', '{"schema":"safeguard/record/v1","deploymentId":"a"}')).toMatchObject({
    type: 'record',
    deploymentId: 'a',
  });
});
