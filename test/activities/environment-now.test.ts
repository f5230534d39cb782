import { expect, test } from '@jest/globals';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { environmentNow } from '../../src/activities/hosts-of.js';

const WHERE = { application: 'campus', environment: 'production' };

/** A Temporal whose environment answers each question with the next of these. */
function answering(...answers: (() => unknown)[]): Pick<Dependencies, 'temporal'> & { asked: () => number } {
  let asked = 0;
  const query = async (): Promise<unknown> => Promise.resolve(answers[asked++]?.());
  const temporal = {
    withDeadline: (_: number, work: () => unknown) => work(),
    workflow: { getHandle: () => ({ query }) },
  };
  return { temporal: temporal as unknown as Dependencies['temporal'], asked: () => asked };
}
const busy = (): never => {
  throw new Error('deadline exceeded');
};
const nobody = (): never => {
  throw Object.assign(new Error('no such workflow'), { name: 'WorkflowNotFoundError' });
};

test('an environment that is busy is asked again', async () => {
  const temporal = answering(busy, busy, () => 'as it stands');
  expect(await environmentNow(temporal, WHERE)).toBe('as it stands');
});

test('one that does not answer is said not to, and not to be a defect', async () => {
  const temporal = answering(busy, busy, busy, busy);
  await expect(environmentNow(temporal, WHERE)).rejects.toMatchObject({
    code: 'TEMPORAL_UNREACHABLE',
    message: 'The environment production does not say how it stands.',
    cause: expect.objectContaining({ message: 'deadline exceeded' }),
  });
  expect(temporal.asked()).toBe(3);
});

test('where nothing was ever deployed nobody is asked again', async () => {
  const temporal = answering(nobody);
  expect(await environmentNow(temporal, WHERE)).toBeNull();
  expect(temporal.asked()).toBe(1);
});
