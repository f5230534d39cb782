import { InterceptingCall, status, type Interceptor } from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** A call that ends as soon as it is started. */
function refused(details: string): InterceptingCall {
  return new InterceptingCall({
    start: (metadata, listener) => listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata }),
    sendMessageWithContext: () => undefined,
    sendMessage: () => undefined,
    startRead: () => undefined,
    halfClose: () => undefined,
    cancelWithStatus: () => undefined,
    getPeer: () => 'nobody',
    getAuthContext: () => null,
  });
}

/** Stands between the SDK's retries and the connection, which throws when it was closed. */
const refuseWhenClosed: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
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
