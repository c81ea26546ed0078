// API Gateway asks this before it accepts a media socket ($connect): was the handshake signed by Twilio? A second gate, before the stream's
// own ticket is shown: it costs a stranger's connection nothing but a 403, and us no relay.
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import { publicStream, readEnv } from '#house/env.ts';
import { lazily } from '#house/http.ts';
import { stdoutLog, type Log } from '#house/log.ts';
import { withSecrets } from '#house/secrets.ts';

export interface ConnectAuthorizerDeps {
  authToken: string;
  /** The address that the answer document names: `wss://…`. What is signed is this address, whatever host the request shows. */
  streamUrl: string;
  log: Log;
}

/** The parts of the event that decide. WebSocket APIs keep header names as they were sent. */
export type ConnectEvent = Pick<APIGatewayRequestAuthorizerEvent, 'methodArn' | 'headers'>;

const answer = (effect: 'Allow' | 'Deny', methodArn: string): APIGatewayAuthorizerResult => ({
  principalId: effect === 'Allow' ? 'twilio' : 'stranger',
  policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }] },
});

/** Allows a handshake signed with our token over the stream's address, with or without a slash at its end: both have been seen. */
export const connectAuthorizer = ({ authToken, streamUrl, log }: ConnectAuthorizerDeps) => async (event: ConnectEvent): Promise<APIGatewayAuthorizerResult> => {
  const shown = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'x-twilio-signature')?.[1];
  const bare = streamUrl.replace(/\/+$/, '');
  const good = shown !== undefined && [bare, `${bare}/`].some((url) => validateRequest(authToken, shown, url, {}));
  if (!good) log.warn('stream handshake refused', { signature: shown === undefined ? 'missing' : 'wrong' });
  return answer(good ? 'Allow' : 'Deny', event.methodArn);
};

export const handler = lazily(async () => {
  const env = readEnv(await withSecrets(process.env));
  if (!env.TWILIO_AUTH_TOKEN) throw new Error('TWILIO_AUTH_TOKEN is not set; without it no stream can be told from a stranger');
  return connectAuthorizer({ authToken: env.TWILIO_AUTH_TOKEN, streamUrl: publicStream(env), log: stdoutLog(env.LOG_LEVEL, { function: 'connect-authorizer', stage: env.STAGE }) });
});
