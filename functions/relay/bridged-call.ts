// What follows from the call that a bridge is made for. Used by bridge.ts and tool-use.ts.
import type { CallRecord } from '#calls/call.ts';
import { attemptOfCall } from '#calls/lead.ts';
import type { RelayOptions } from './options.ts';
import type { BridgedCall } from './ports.ts';

/** Also where the record could not be read: the ids of calls that we place say whose attempt they are. */
export const directionOf = ({ call, callId }: Pick<BridgedCall, 'call' | 'callId'>): CallRecord['direction'] =>
  call?.direction ?? (attemptOfCall(callId) === undefined ? 'inbound' : 'outbound');

/**
 * How much of the talk is left, ms, 0 and above: what was talked on earlier streams of the call, with this task or another, counts too. A first
 * stream has all of it: when the phone was answered is the carrier's word, in some zone, and no such word ends a call that has just begun.
 */
export const talkLeftMs = (call: Pick<BridgedCall, 'call' | 'callId' | 'epoch'>, { callLimitMs, dialledLimitMs }: Pick<RelayOptions, 'callLimitMs' | 'dialledLimitMs'>, now: Date): number => {
  const answeredAt = call.call?.answeredAt;
  const talkedMs = call.epoch > 0 && answeredAt ? Math.max(0, now.getTime() - Date.parse(answeredAt)) : 0;
  return Math.max(0, (directionOf(call) === 'outbound' ? Math.min(callLimitMs, dialledLimitMs) : callLimitMs) - talkedMs);
};
