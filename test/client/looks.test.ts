import { describe, expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { inItsOwnWords } from '../../src/client/looks.js';

function lookThatFailedWith(cause: Error): WorkflowFailedError {
  const activity = new ActivityFailure(
    'Activity task failed',
    'health',
    '1',
    RetryState.NON_RETRYABLE_FAILURE,
    'worker',
    cause,
  );
  return new WorkflowFailedError('Workflow execution failed', activity, RetryState.RETRY_POLICY_NOT_SET);
}

describe('a look that failed', () => {
  test('says what its activity failed with', () => {
    const failed = lookThatFailedWith(
      ApplicationFailure.create({ type: 'TEMPORAL_UNREACHABLE', message: 'The environment does not say.' }),
    );
    expect(inItsOwnWords(failed)).toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      message: 'The environment does not say.',
      cause: failed,
    });
  });

  test('says so when it took too long', () => {
    const late = new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE);
    expect(inItsOwnWords(lookThatFailedWith(late))).toMatchObject({
      code: 'STEP_TIMEOUT',
      message: 'activity StartToClose timeout',
    });
  });

  test('is a defect when what it threw has no code', () => {
    const failed = lookThatFailedWith(ApplicationFailure.create({ type: 'TypeError', message: 'undefined' }));
    expect(inItsOwnWords(failed)).toMatchObject({ code: 'INTERNAL', message: 'undefined' });
  });

  test('is left as it is when nobody could ask for its end', () => {
    const other = new Error('no connection');
    expect(inItsOwnWords(other)).toBe(other);
  });
});
