// Whether a conversation may be opened for a call that rings, and when one that is held is of no use any more. Pure; asked by ringing.ts.
import { isTerminal, type CallRecord } from '#calls/call.ts';
import type { ExpectedCall } from '#calls/ports.ts';

/** Why a held conversation is closed though nothing is wrong with it. */
export type Unused = 'erased' | 'call-over' | 'unanswered' | 'elsewhere' | 'suppressed' | 'rang-too-long' | 'no-stream' | 'other-voice' | 'stopped';

/** Only for an outbound call whose phone may ring still, and the one that was placed. */
export const mayHold = (call: ExpectedCall, record: CallRecord): boolean =>
  record.direction === 'outbound' && record.carrier === call.carrier && (record.callSid === null || record.callSid === call.callSid) &&
  record.erasedAt === undefined && record.endReason === null && !isTerminal(record.status) && !record.streamStarted;

export interface Seen {
  now: Date;
  /** The person does not want to be called any more. */
  suppressed: boolean;
  /** The phone was answered, and the stream that should follow has not come. */
  tooLongAnswered: boolean;
}

/** `record`: as it was just read; undefined when it is not there any more. Undefined: it is held on. */
export const holdsNoMore = (call: ExpectedCall, record: CallRecord | undefined, { now, suppressed, tooLongAnswered }: Seen): Unused | undefined => {
  if (!record || record.erasedAt !== undefined) return 'erased';
  if (record.endReason !== null) return 'call-over';
  if (isTerminal(record.status)) return 'unanswered';
  // Its bridge is another task's: ours would have taken what we hold.
  if (record.streamStarted) return 'elsewhere';
  if (suppressed) return 'suppressed';
  if (tooLongAnswered) return 'no-stream';
  // Answered at the last ring: the stream is on its way.
  return record.status !== 'in-progress' && now.getTime() >= Date.parse(call.until) ? 'rang-too-long' : undefined;
};
