import { isCancellation } from '@temporalio/workflow';
import { DATABASE, type HostReading } from '../domain/verdict.js';
import { steps } from './activities.js';
import { failureOf, rethrowReset } from './failures.js';
import { until, withTries } from './tries.js';
import type { WayBack } from './way-back.js';

/** The last word on the schema: no migration goes on, and the release that serves works with what there is. */
export async function settledSchema(way: WayBack): Promise<HostReading[]> {
  if (!way.migrated) return [];
  const { application, environment, to, grantedTo } = way;
  const step = way.nextStep();
  const deadline = Date.now() + way.policy.compensation.giveUpAfterSeconds * 1000;
  const patience = until(deadline, way.policy.compensation.delaySeconds);
  try {
    const { differences } = await way.board.step('settle schema', [], () =>
      withTries(patience, { step: 'settle schema' }, (tryNumber) =>
        steps.settleSchema.executeWithOptions({ startToCloseTimeout: '10m', summary: 'settle schema' }, [
          {
            application,
            environment,
            release: to,
            token: way.token(step, tryNumber),
            migrated: true,
            ...(grantedTo === undefined ? {} : { grantedTo }),
          },
        ]),
      ),
    );
    return differences.length === 0 ? [] : [{ host: DATABASE, state: 'differs', differences }];
  } catch (error) {
    if (isCancellation(error)) throw error;
    rethrowReset(error);
    return [{ host: DATABASE, state: 'unknown', differences: [failureOf(error).message] }];
  }
}
