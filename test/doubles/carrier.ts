// A carrier with a script: what each request comes to, which phones rang, and what it tells when asked afterwards.
import type { CallStatus } from '#calls/call.ts';
import { UpstreamError } from '#calls/errors.ts';
import type { CarrierName } from '#calls/lead.ts';
import { isTerminal } from '#calls/call.ts';
import type { Carrier, CarrierCall, Clock, DialOrder, DialOutcome } from '#calls/ports.ts';
import { sidNumber } from './records.ts';

/**
 * What the next request comes to. `lost`: the phone rings and the answer never arrives. `gone`: no phone rings and nobody knows.
 * `listed`: how long after that the call is in the carrier's list (`late`), in ms.
 */
export type Script =
  | { does: 'place'; status?: CallStatus }
  | { does: 'lose-answer'; listedAfterMs?: number }
  | { does: 'vanish' }
  | { does: 'answer'; outcome: DialOutcome };

export interface Rung extends CarrierCall {
  attemptId: string;
  to: string;
  listedAt: string;
}

export const scriptedCarrier = (clock: Clock, name: CarrierName = 'twilio') => {
  const script: Script[] = [];
  const orders: DialOrder[] = [];
  /** Every phone that rang. */
  const rung: Rung[] = [];
  const hungUp: string[] = [];
  let down = false;
  const ring = (order: DialOrder, listedAfterMs: number, status: CallStatus): Rung => {
    const now = clock.now();
    const call = { callSid: sidNumber(rung.length + 1), status, createdAt: now.toISOString(), startedAt: now.toISOString(), endedAt: null, durationSeconds: null, answeredBy: null, cost: null, attemptId: order.attemptId, to: order.to, listedAt: new Date(now.getTime() + listedAfterMs).toISOString() };
    rung.push(call);
    return call;
  };
  const shown = ({ attemptId: _a, to: _t, listedAt: _l, ...call }: Rung): CarrierCall => structuredClone(call);
  const listed = (): Rung[] => {
    if (down) throw new UpstreamError(name, 503, true);
    return rung.filter((call) => call.listedAt <= clock.now().toISOString());
  };
  const carrier: Carrier = {
    name, from: '+15005550006',
    place: async (order) => {
      orders.push(structuredClone(order));
      const next = script.shift() ?? { does: 'place' };
      switch (next.does) {
        case 'place': return { outcome: 'placed', callSid: ring(order, 0, next.status ?? 'queued').callSid, status: next.status ?? 'queued' };
        case 'lose-answer':
          ring(order, next.listedAfterMs ?? 0, 'ringing');
          return { outcome: 'unknown', reason: 'The answer was lost.' };
        case 'vanish': return { outcome: 'unknown', reason: 'The answer was lost.' };
        case 'answer': return next.outcome;
      }
    },
    callsTo: async (to, since) => listed().filter((call) => call.to === to && call.startedAt! >= since).toReversed().map(shown),
    call: async (callSid) => {
      const call = listed().find((one) => one.callSid === callSid);
      return call ? shown(call) : undefined;
    },
    hangUp: async (callSid) => {
      listed();
      hungUp.push(callSid);
    },
  };
  return {
    carrier, script, orders, rung, hungUp,
    /** How the line is doing from now on, at the carrier. */
    set: (callSid: string, status: CallStatus): void => {
      const call = rung.find((one) => one.callSid === callSid)!;
      call.status = status;
      if (isTerminal(status)) Object.assign(call, { endedAt: clock.now().toISOString(), durationSeconds: status === 'completed' ? 12 : 0 });
    },
    forget: (callSid: string): void => { rung.find((one) => one.callSid === callSid)!.listedAt = '9999'; },
    down: (is: boolean): void => { down = is; },
  };
};
export type ScriptedCarrier = ReturnType<typeof scriptedCarrier>;
