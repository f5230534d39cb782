import {
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/** gRPC's number for it. */
const CANCELLED = 1;

/** A call that ends as soon as it is started. The class of calls cannot be had from the SDK; callers know their methods only. */
function refused(details: string): Call {
  const start: Call['start'] = (metadata, listener) =>
    listener?.onReceiveStatus?.({ code: CANCELLED, details, metadata });
  return {
    start,
    sendMessageWithContext: () => undefined,
    sendMessage: () => undefined,
    startRead: () => undefined,
    halfClose: () => undefined,
    cancelWithStatus: () => undefined,
    getPeer: () => 'nobody',
    getAuthContext: () => null,
  } as unknown as Call;
}

/** Stands between the SDK's retries and the connection, which throws when it was closed. */
const refuseWhenClosed: Interceptor = (options, nextCall) => {
  try {
    return nextCall(options) as Call;
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
};

/**
 * The SDK's own retries. A call that waits for its next try cannot be cancelled there, and when its time comes the connection may be
 * closed: the exception in that timer would end the process with status 1, however the command itself ended. It fails as cancelled instead.
 */
export const RETRIES: readonly Interceptor[] = [
  makeGrpcRetryInterceptor(defaultGrpcRetryOptions()),
  refuseWhenClosed,
];
