import {
  isGrpcServiceError,
  NamespaceNotFoundError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { connectClient, temporalSettings, type TemporalSettings } from '../adapters/temporal-connection.js';
import { SafeguardError } from '../domain/errors.js';
import type { GlobalOptions } from './options.js';

/** gRPC's numbers for what a client must tell apart. */
const GRPC = {
  cancelled: 1,
  invalid: 3,
  deadline: 4,
  denied: 7,
  exhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
};
const AWAY: readonly number[] = [GRPC.cancelled, GRPC.deadline, GRPC.exhausted, GRPC.unavailable];
const DENIED: readonly number[] = [GRPC.denied, GRPC.unauthenticated];

/** How long one call may take, in milliseconds, the SDK's own retries included. */
const CALL_MS = 10_000;

/** A connection to Temporal for the length of one command. */
export class Session {
  constructor(
    readonly client: Client,
    readonly settings: TemporalSettings,
  ) {}

  /**
   * Carries out calls to the server within `limitMs`.
   * @throws SafeguardError TEMPORAL_UNREACHABLE, TEMPORAL_DENIED; what the call itself throws otherwise
   */
  async call<T>(work: () => Promise<T>, limitMs = CALL_MS): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + limitMs, work);
    } catch (error) {
      throw explained(error, this.settings);
    }
  }
}

/** Where Temporal is, by the options, the environment and its profile. */
export function settingsFrom({ address, namespace, profile }: GlobalOptions): TemporalSettings {
  return temporalSettings({ address, namespace, profile });
}

/**
 * Connects, works, and disconnects whatever happens.
 * @throws SafeguardError TEMPORAL_UNREACHABLE; what `work` throws otherwise
 */
export async function withSession<T>(
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const settings = settingsFrom(options);
  const client = await connectClient(settings);
  try {
    return await work(new Session(client, settings));
  } finally {
    await client.connection.close();
  }
}

/** True for what may pass by itself: the server, or every worker, is away. */
export function isAway(error: unknown): error is SafeguardError {
  return error instanceof SafeguardError && error.code === 'TEMPORAL_UNREACHABLE';
}

/** gRPC's own status inside an SDK error, if there is one. */
export function grpcStatus(error: unknown): { readonly code: number; readonly details: string } | undefined {
  if (isGrpcServiceError(error)) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) ? cause : undefined;
}

function explained(error: unknown, { address, namespace }: TemporalSettings): unknown {
  // The SDK takes any "not found" for a missing workflow unless it knows better.
  if (error instanceof NamespaceNotFoundError)
    return new SafeguardError('TEMPORAL_DENIED', `The server at ${address} has no namespace ${namespace}.`, {
      cause: error,
    });
  if (error instanceof WorkflowNotFoundError) return error;
  const status = grpcStatus(error);
  if (!status) return error;
  if (AWAY.includes(status.code))
    return new SafeguardError(
      'TEMPORAL_UNREACHABLE',
      `Temporal does not answer at ${address}: ${status.details}`,
      {
        cause: error,
      },
    );
  if (DENIED.includes(status.code))
    return new SafeguardError('TEMPORAL_DENIED', `Temporal at ${address} refuses: ${status.details}`, {
      cause: error,
    });
  if (status.code === GRPC.invalid && /search attribute/i.test(status.details))
    return new SafeguardError(
      'TEMPORAL_DENIED',
      `Namespace ${namespace} does not know safeguard's search attributes yet (${status.details}). A worker registers them when it starts: safeguard worker.`,
      { cause: error },
    );
  return error;
}
