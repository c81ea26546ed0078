// Called by the local gateway, queue, timer and stream: makes the context that Lambda hands to a handler beside the event.
import type { Context } from 'aws-lambda';

/** `name` is the function's; `timeoutMs` is what it may take; `requestId` is its awsRequestId. */
export const lambdaContext = (name: string, timeoutMs: number, requestId: string, now: () => number = Date.now): Context => {
  const deadline = now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: '512',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - now()),
    // The three below are Node 10's; the types still want them.
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
};
