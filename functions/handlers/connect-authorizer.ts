// API Gateway asks this before it accepts a media socket ($connect): was the handshake signed by Twilio, or does it show a ticket of ours, as
// Exotel's address does? A second gate, before the relay checks the ticket itself: it costs a stranger's connection nothing but a 403, and us no relay.
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import type { Clock } from '#calls/ports.ts';
import { openTicket } from '#calls/ticket.ts';
import { systemClock } from '#house/clock.ts';
import { publicStream, readEnv } from '#house/env.ts';
import { lazily } from '#house/http.ts';
import { stdoutLog, type Log } from '#house/log.ts';
import { withSecrets } from '#house/secrets.ts';

export interface ConnectAuthorizerDeps {
  /** Undefined where there is no Twilio account. */
  authToken: string | undefined;
  ticketSecret: string | undefined;
  clock: Clock;
  /** The address that the answer document names: `wss://…`. What is signed is this address, whatever host the request shows. */
  streamUrl: string;
  log: Log;
}

/** The parts of the event that decide. WebSocket APIs keep header names as they were sent. */
export type ConnectEvent = Pick<APIGatewayRequestAuthorizerEvent, 'methodArn' | 'headers'> & Partial<Pick<APIGatewayRequestAuthorizerEvent, 'queryStringParameters'>>;

const answer = (effect: 'Allow' | 'Deny', methodArn: string): APIGatewayAuthorizerResult => ({
  principalId: effect === 'Allow' ? 'carrier' : 'stranger',
  policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }] },
});

/** Allows a handshake signed with our token over the stream's address, with or without a slash at its end (both have been seen), or one with a ticket. */
export const connectAuthorizer = ({ authToken, ticketSecret, clock, streamUrl, log }: ConnectAuthorizerDeps) => async (event: ConnectEvent): Promise<APIGatewayAuthorizerResult> => {
  const shown = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'x-twilio-signature')?.[1];
  const bare = streamUrl.replace(/\/+$/, '');
  const signed = shown !== undefined && authToken !== undefined && [bare, `${bare}/`].some((url) => validateRequest(authToken, shown, url, {}));
  const ticket = event.queryStringParameters?.['ticket'];
  // Whose call it is stands in the start frame, which has not come yet: a ticket that is bound to one cannot be told from a forged one here.
  const opened = ticket === undefined || ticketSecret === undefined ? 'missing' : openTicket(ticketSecret, ticket, '', clock.now());
  const good = signed || typeof opened !== 'string' || (opened === 'forged' && !ticket!.startsWith('v1u.'));
  if (!good) log.warn('stream handshake refused', { signature: shown === undefined ? 'missing' : 'wrong' });
  return answer(good ? 'Allow' : 'Deny', event.methodArn);
};

export const handler = lazily(async () => {
  const env = readEnv(await withSecrets(process.env));
  if (!env.TWILIO_AUTH_TOKEN && !env.STREAM_TICKET_SECRET) throw new Error('TWILIO_AUTH_TOKEN and STREAM_TICKET_SECRET are not set; without them no stream can be told from a stranger');
  return connectAuthorizer({ authToken: env.TWILIO_AUTH_TOKEN, ticketSecret: env.STREAM_TICKET_SECRET, clock: systemClock, streamUrl: publicStream(env), log: stdoutLog(env.LOG_LEVEL, { function: 'connect-authorizer', stage: env.STAGE }) });
});
