import { setHandler } from '@temporalio/workflow';
import type { Decision, RecordedDecision } from '../domain/run.js';
import { TOO_EARLY } from './descriptions.js';
import * as messages from './messages.js';

/**
 * Until there is a plan to decide on, decisions are refused: left without a handler they would be kept, and count for a plan that
 * nobody has seen. `approval` puts its own handlers in their place.
 */
export function refuseEarlyDecisions(): void {
  const refuse = (decision: Decision): RecordedDecision => {
    throw new Error(`There is no plan yet that ${decision.by} could decide on.`);
  };
  const validator = (decision: Decision): void => void refuse(decision);
  setHandler(messages.approve, refuse, { validator });
  setHandler(messages.reject, refuse, { validator });
  const ignore = (): void => undefined;
  setHandler(messages.approveSignal, ignore, TOO_EARLY);
  setHandler(messages.rejectSignal, ignore, TOO_EARLY);
}
