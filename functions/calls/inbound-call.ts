// Somebody rings in: the call is recorded once, however often its carrier asks what to do with it, and gets a ticket for its stream.
import { isTerminal } from './call.ts';
import type { CarrierName } from './lead.ts';
import type { CallStore, Clock } from './ports.ts';
import { sealTicket } from './ticket.ts';

export interface InboundDeps {
  calls: Pick<CallStore, 'open' | 'call' | 'callIdOf' | 'bind'>;
  clock: Clock;
  newCallId: () => string;
  ticketSecret: string;
  ticketTtlSeconds: number;
}

/** `from`, `to`: E.164, or empty where the carrier does not say. Returns the stream's ticket; undefined when the call is over. */
export const inboundCall = (deps: InboundDeps) => async (ring: { carrier: CarrierName; callSid: string; from: string; to: string }): Promise<{ callId: string; ticket: string } | undefined> => {
  const { carrier, callSid, from, to } = ring;
  let callId = await deps.calls.callIdOf(carrier, callSid);
  if (callId === undefined) {
    const mine = deps.newCallId();
    await deps.calls.open({ callId: mine, attemptId: null, leadId: null, carrier, direction: 'inbound', from, to }, deps.clock.now().toISOString());
    // Asked twice at once: the one that is bound is the call, the other stays an empty record.
    callId = (await deps.calls.bind(mine, carrier, callSid)) === 'bound' ? mine : await deps.calls.callIdOf(carrier, callSid);
  }
  const call = callId === undefined ? undefined : await deps.calls.call(callId);
  if (!call || isTerminal(call.status) || call.endReason !== null) return undefined;
  const expires = Math.floor(deps.clock.now().getTime() / 1000) + deps.ticketTtlSeconds;
  return { callId: call.callId, ticket: sealTicket(deps.ticketSecret, { callId: call.callId, callSid, epoch: Math.max(0, call.epoch), expires }) };
};
