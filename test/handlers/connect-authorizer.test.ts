import { describe, expect, it } from 'vitest';
import { sealTicket } from '#calls/ticket.ts';
import { connectAuthorizer, type ConnectEvent } from '#handlers/connect-authorizer.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { TWILIO_TOKEN, twilioSignature } from '#doubles/events.ts';
import { callIdNumber } from '#doubles/records.ts';
import { silentLog } from '#house/log.ts';

const streamUrl = 'wss://media.example.com/live';
const secret = 'the secret of the tickets, 32 letters';
const second = Date.parse(NOON) / 1000;
const ticket = (more: object = {}, by = secret): string => sealTicket(by, { callId: callIdNumber(1), callSid: null, epoch: 0, expires: second + 60, ...more });
const asked = async (event: Partial<ConnectEvent>, more: object = {}): Promise<string> => {
  const authorize = connectAuthorizer({ authToken: TWILIO_TOKEN, ticketSecret: secret, clock: handClock(), streamUrl, log: silentLog, ...more });
  const { policyDocument } = await authorize({ methodArn: 'arn:x', headers: {}, ...event });
  return String(policyDocument.Statement[0]?.Effect);
};

describe('the gate before the media socket', () => {
  it('admits a handshake that Twilio signed, with and without a slash at the end', async () => {
    for (const url of [streamUrl, `${streamUrl}/`]) expect(await asked({ headers: { 'X-Twilio-Signature': twilioSignature(url, []) } })).toBe('Allow');
  });

  it('admits a handshake that shows a ticket, as Exotel\'s do', async () => {
    expect(await asked({ queryStringParameters: { carrier: 'exotel', ticket: ticket() } })).toBe('Allow');
    expect(await asked({ queryStringParameters: { ticket: ticket() } }, { authToken: undefined })).toBe('Allow');
  });

  it.each<[string, Partial<ConnectEvent>, object?]>([
    ['nothing', {}], ['another\'s signature', { headers: { 'x-twilio-signature': twilioSignature(streamUrl, [], 'another') } }], ['a signature over another address', { headers: { 'x-twilio-signature': twilioSignature('wss://media.example.com/x', []) } }],
    ['a ticket of another secret', { queryStringParameters: { ticket: ticket({}, 'another secret of 32 letters, too') } }], ['an old ticket', { queryStringParameters: { ticket: ticket({ expires: second - 1 }) } }],
    ['no ticket but a word', { queryStringParameters: { ticket: 'x' } }], ['a ticket, where there is no secret', { queryStringParameters: { ticket: ticket() } }, { ticketSecret: undefined }],
    ['a signature, where there is no account', { headers: { 'x-twilio-signature': twilioSignature(streamUrl, []) } }, { authToken: undefined }],
  ])('turns away a handshake with %s', async (_what, event, more) => {
    expect(await asked(event, more)).toBe('Deny');
  });
});
