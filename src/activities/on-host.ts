import { Context } from '@temporalio/activity';
import type { HostCallOptions } from '../adapters/host-program.js';
import type { SshTarget } from '../adapters/ssh/target.js';
import type { EnvironmentConfig } from '../config/load.js';
import type { FencingToken } from '../domain/host-protocol.js';
import type { HostRef } from '../domain/plan.js';
import type { StepToken } from '../domain/run.js';
import { configured, targetOf, type Dependencies, type Where } from './dependencies.js';
import type { Pulse } from './pulse.js';
import { assertNotReset } from './reset.js';

/** One step on one host. */
export interface OnHost extends Where {
  readonly host: HostRef;
  readonly token: StepToken;
  /** The run that the environment was given to; see `assertNotReset`. */
  readonly grantedTo?: string;
}

/** With a limit of its own. */
export interface Timed {
  readonly timeoutSeconds: number;
}

interface Addressed {
  readonly environment: EnvironmentConfig;
  readonly target: SshTarget;
  readonly request: {
    readonly application: string;
    readonly environment: string;
    readonly token: FencingToken;
  };
}

/** How a call reaches its host, and what every request of it begins with. */
export function addressed(dependencies: Dependencies, call: OnHost): Addressed {
  assertNotReset(call.grantedTo);
  const environment = configured(dependencies, call);
  const token = { ...call.token, attempt: Context.current().info.attempt };
  return {
    environment,
    target: targetOf(environment, call.host),
    request: { application: call.application, environment: call.environment, token },
  };
}

/** How a call of the host program hangs on its activity. */
export function options({ signal, say }: Pulse, timeoutSeconds?: number): HostCallOptions {
  return {
    signal,
    onProgress: ({ text, bytes }) => say(bytes === undefined ? text : `${text}: ${bytes} bytes`),
    ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }),
  };
}
