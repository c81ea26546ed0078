// Tickets that admit a carrier's stream to the relay: made by the answer document, checked before a byte reaches the agent.
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Ticket {
  callId: string;
  /**
   * The carrier's id of the call; the stream's start frame must show the same. Null where the ticket is handed over before the carrier
   * has numbered the call (Exotel's StreamUrl rides in the very request that places it): the first call that shows it is the call.
   */
  callSid: string | null;
  /** 0 for the first stream of a call, one more after every takeover. One stream per epoch: `ticketId` is used once. */
  epoch: number;
  /** Unix seconds after which the ticket admits nobody. */
  expires: number;
}

const mac = (secret: string, ticket: Ticket): Buffer =>
  createHmac('sha256', secret).update(`ringback-stream-ticket\n${ticket.callId}\n${ticket.callSid ?? '*'}\n${ticket.epoch}\n${ticket.expires}`).digest();

/**
 * The ticket as text, for a `<Parameter>` or a stream URL: `v1.<callId>.<epoch>.<expires>.<mac>`, under 120 characters (`v1u.…`: for
 * a call without a number yet). A callSid is bound by the MAC and not carried: whoever shows the ticket must know it.
 */
export const sealTicket = (secret: string, ticket: Ticket): string =>
  `v1${ticket.callSid === null ? 'u' : ''}.${ticket.callId}.${ticket.epoch}.${ticket.expires}.${mac(secret, ticket).toString('base64url')}`;

/** The id under which a ticket is used up. Documents fetched twice give tickets of one id: together they admit one stream. */
export const ticketId = (ticket: Pick<Ticket, 'callId' | 'epoch'>): string => `${ticket.callId}#${ticket.epoch}`;

const shape = /^v1(u?)\.(call_[0-9A-Z_]{26,32})\.(\d{1,3})\.(\d{10})\.([A-Za-z0-9_-]{43})$/;

/** Why a ticket was refused; goes to the log and the close reason. */
export type TicketFault = 'missing' | 'malformed' | 'expired' | 'forged';

/**
 * Reads and checks a ticket that was shown together with `callSid`; the callSid of what comes back is null when the ticket was sealed
 * without one. Pure: using it up is the register's business.
 */
export const openTicket = (secret: string, text: string | undefined, callSid: string, now: Date): Ticket | TicketFault => {
  if (!text) return 'missing';
  const parts = shape.exec(text);
  if (!parts) return 'malformed';
  const ticket: Ticket = { callId: parts[2]!, callSid: parts[1] === 'u' ? null : callSid, epoch: Number(parts[3]), expires: Number(parts[4]) };
  const shown = Buffer.from(parts[5]!, 'base64url');
  const right = mac(secret, ticket);
  if (shown.length !== right.length || !timingSafeEqual(shown, right)) return 'forged';
  return now.getTime() / 1000 > ticket.expires ? 'expired' : ticket;
};
