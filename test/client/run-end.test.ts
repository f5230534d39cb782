import { expect, test } from '@jest/globals';
import { TerminatedFailure, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Chalk } from 'chalk';
import { detailOf, endOfCompleted, endOfFailed, progressIn } from '../../src/client/run-end.js';
import { describeEnd } from '../../src/client/view/run-end.js';
import { ERRORS, runbook } from '../../src/domain/errors.js';
import { EXIT_STATUS, EXIT_STATUS_OF_RECOVERY, type Outcome } from '../../src/domain/outcome.js';

function failed(cause: Error): WorkflowFailedError {
  return new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
}

const STATUSES = [
  ...Object.entries(EXIT_STATUS).map(([outcome, exit]) => ['deployment', outcome, exit] as const),
  ...(['rollback', 'converge', 'rejoin'] as const).flatMap((kind) =>
    Object.entries(EXIT_STATUS_OF_RECOVERY).map(([outcome, exit]) => [kind, outcome, exit] as const),
  ),
];

test.each(STATUSES)(
  'a %s that ends as %s is exit %i, however the workflow says it',
  (kind, outcome, exitStatus) => {
    const result = { outcome: outcome as Outcome, message: 'so it is', serving: '1.0.0' };
    const end = { ...result, exitStatus };
    expect(endOfCompleted(result, kind)).toEqual(end);
    const application = ApplicationFailure.create({ message: 'so it is', details: [result] });
    expect(endOfFailed(failed(application), kind)).toEqual(end);
    expect(endOfFailed(failed(new CancelledFailure('so it is', [result])), kind)).toEqual(end);
  },
);

test('what failed has a code, and what to do about it', () => {
  const result = { outcome: 'REFUSED', message: 'validate: there is none' };
  const cause = ApplicationFailure.create({ message: 'none', type: 'RELEASE_INVALID', details: [result] });
  const end = endOfFailed(failed(cause), 'deployment');
  expect(end).toEqual({ ...result, exitStatus: 2, code: 'RELEASE_INVALID' });
  expect(describeEnd(end, 'production', new Chalk({ level: 0 })).split('\n')).toEqual([
    `RELEASE_INVALID: ${ERRORS.RELEASE_INVALID.advice} See ${runbook('RELEASE_INVALID')}`,
    'REFUSED: validate: there is none',
  ]);
});

test('going back is a failure of a deployment, and what a recovery was asked for', () => {
  const result = { outcome: 'ROLLED_BACK', message: 'back' };
  expect(endOfCompleted(result, 'deployment').exitStatus).toBe(3);
  expect(endOfCompleted(result, 'rollback').exitStatus).toBe(0);
});

test('how a run looked at last is in what it returned, or failed with', () => {
  const progress = { phase: 'ended', steps: [] };
  const result = { outcome: 'ROLLED_BACK', message: 'back', progress };
  expect(progressIn(result)).toBe(progress);
  const failure = failed(ApplicationFailure.create({ message: 'back', details: [result] }));
  expect(progressIn(detailOf(failure))).toBe(progress);
  // Of an earlier version, and one that could say nothing.
  expect(progressIn({ outcome: 'SUCCEEDED', message: 'so it is' })).toBeUndefined();
  expect(progressIn(detailOf(failed(new TerminatedFailure('terminated'))))).toBeUndefined();
});

test('a request that the workflow refused at its start is wrong input', () => {
  const failure = { code: 'REQUEST_INVALID', message: 'no' };
  const cause = ApplicationFailure.create({ message: 'no', type: 'REQUEST_INVALID', details: [failure] });
  expect(endOfFailed(failed(cause), 'deployment')).toEqual({
    outcome: null,
    message: 'REQUEST_INVALID: no',
    exitStatus: 2,
  });
});

test('a terminated run could not say how it ended', () => {
  const end = endOfFailed(failed(new TerminatedFailure('terminated')), 'deployment');
  expect(end).toMatchObject({ outcome: null, exitStatus: 1 });
});

test('what is not the failure of a workflow passes through', () => {
  const error = new Error('other');
  expect(() => endOfFailed(error, 'deployment')).toThrow(error);
});
