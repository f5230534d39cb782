import { expect, test } from '@jest/globals';
import { TerminatedFailure, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { endOfCompleted, endOfFailed } from '../../src/client/run-end.js';
import { EXIT_STATUS, type Outcome } from '../../src/domain/outcome.js';

function failed(cause: Error): WorkflowFailedError {
  return new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
}

test.each(Object.entries(EXIT_STATUS))(
  '%s is exit %i, however the workflow says it',
  (outcome, exitStatus) => {
    const result = { outcome: outcome as Outcome, message: 'so it is', serving: '1.0.0' };
    const end = { ...result, exitStatus };
    expect(endOfCompleted(result)).toEqual(end);
    const application = ApplicationFailure.create({ message: 'so it is', details: [result] });
    expect(endOfFailed(failed(application))).toEqual(end);
    expect(endOfFailed(failed(new CancelledFailure('so it is', [result])))).toEqual(end);
  },
);

test('a request that the workflow refused at its start is wrong input', () => {
  const failure = { code: 'REQUEST_INVALID', message: 'no' };
  const cause = ApplicationFailure.create({ message: 'no', type: 'REQUEST_INVALID', details: [failure] });
  expect(endOfFailed(failed(cause))).toEqual({
    outcome: null,
    message: 'REQUEST_INVALID: no',
    exitStatus: 2,
  });
});

test('a terminated run could not say how it ended', () => {
  const end = endOfFailed(failed(new TerminatedFailure('terminated')));
  expect(end).toMatchObject({ outcome: null, exitStatus: 1 });
});

test('what is not the failure of a workflow passes through', () => {
  const error = new Error('other');
  expect(() => endOfFailed(error)).toThrow(error);
});
