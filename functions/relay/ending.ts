// How a bridge comes to its end: the first reason wins, last words are heard, it is written down before the carrier's socket closes. Once.
import type { EndReason } from '#calls/call.ts';
import type { Outbound } from './outbound.ts';
import type { BridgeDeps, BridgedCall, CarrierLeg } from './ports.ts';
import type { Recorder } from './recorder.ts';

export interface Ending {
  begun(): boolean;
  /** The talk is over for this reason. What is queued for the caller is heard first, unless the caller has gone (`now`). */
  end(reason: EndReason, detail: string | null, how?: 'heard' | 'now'): void;
  /** The call goes on elsewhere, by the document that the carrier asks for next: what is queued is heard first, and nothing final is written. */
  leave(detail: string): void;
  /**
   * The stream broke. Where the call may live, nothing final is written, so that the answer document opens another stream; where the call
   * ends with its stream, the reason is written like any other.
   */
  lose(detail: string, closeCode: number): void;
  /** Another task goes on with the call: all that is here is written down and ends, but the carrier's socket. False when an end has begun. */
  handOver(): boolean;
  /** Resolves when everything is closed and written down; never rejects. */
  readonly done: Promise<void>;
}

interface EndingParts {
  deps: BridgeDeps;
  call: BridgedCall;
  leg: CarrierLeg;
  out: Outbound;
  recorder: Recorder;
  turnMs: number[];
  /** Hangs up everything else: agent, timers, tools. Called when the end begins; may throw. */
  stopTalking: () => void;
  /** Called once everything is over; may throw. */
  finished: () => void;
}

/** Why a call is over whose stream cannot be opened again; none where a newer stream has the caller. */
const finalReason = (detail: string): EndReason | undefined =>
  (detail === 'overtaken' ? undefined : detail === 'operator' ? 'operator' : detail.startsWith('carrier-') ? 'carrier-failed' : 'agent-failed');

export const ending = ({ deps, call, leg, out, recorder, turnMs, stopTalking, finished }: EndingParts): Ending => {
  const { options, metrics, clock } = deps;
  const log = deps.log.with({ callId: call.callId });
  let begun: { reason: EndReason; detail: string | null } | undefined;
  let closing = false;
  let leaving = false;
  const { promise: done, resolve } = Promise.withResolvers<void>();

  const attempt = (what: string, step: () => void): void => {
    try {
      step();
    } catch (error) {
      log.error('a step of the teardown failed', { what, error });
    }
  };
  const writeDown = async (): Promise<void> => {
    const written = await recorder.written(options.recordEndMs);
    if (written || !deps.hangUp || !begun) return;
    // The answer document will not know that the call is over and would open another stream: end it at the carrier.
    try {
      await deps.hangUp(leg.carrier, leg.callSid);
    } catch (error) {
      log.error('the call could not be ended at the carrier', { error });
    }
  };
  const close = async (code: number, reason: string, keep = false): Promise<void> => {
    if (closing) return;
    closing = true;
    attempt('talking', stopTalking);
    attempt('audio', () => out.close());
    if (begun) {
      const { reason: endReason, detail } = begun;
      metrics.countBy('calls_ended', detail ?? endReason);
      attempt('record', () => recorder.event({ kind: 'ended', at: clock.now().toISOString(), endReason, detail, turnMs: [...turnMs] }));
    }
    // Written before the socket closes: the carrier then asks for the next document, which must know that the call is over.
    await writeDown();
    if (!keep) attempt('socket', () => leg.close(code, reason));
    log.info('a bridge came to its end', { endReason: begun?.reason ?? null, detail: begun ? begun.detail : reason });
    attempt('registry', finished);
    resolve();
  };
  const closeOnceHeard = async (reason = 'over'): Promise<void> => {
    await out.heardOut(options.lastWordsMarginMs, options.lastWordsMs);
    await close(1000, reason);
  };
  // Left running on purpose: neither can reject, and `done` tells when they are through.
  const begin = (work: Promise<void>): void => {
    work.catch((error: unknown) => log.error('a bridge did not end cleanly', { error }));
  };

  return {
    begun: () => begun !== undefined || leaving || closing,
    end: (reason, detail, how = 'heard') => {
      if (closing) return;
      if (!begun) {
        begun = { reason, detail };
        attempt('talking', stopTalking);
        if (how === 'heard') return begin(closeOnceHeard());
      }
      if (how === 'now') begin(close(1000, 'over'));
    },
    leave: (detail) => {
      if (closing || begun || leaving) return;
      leaving = true;
      attempt('talking', stopTalking);
      begin(closeOnceHeard(detail));
    },
    lose: (detail, closeCode) => {
      if (closing) return;
      if (!begun) {
        recorder.event({ kind: 'stream-failed', at: clock.now().toISOString(), detail });
        const reason = leg.reopens ? undefined : finalReason(detail);
        if (reason) begun = { reason, detail };
      }
      begin(close(closeCode, detail));
    },
    handOver: () => {
      if (closing || begun || leaving) return false;
      recorder.event({ kind: 'stream-failed', at: clock.now().toISOString(), detail: 'handed-over' });
      begin(close(1012, 'handed-over', true));
      return true;
    },
    done,
  };
};
