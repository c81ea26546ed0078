// Goes on with a call whose connection another task carried: no start frame comes again, and no ticket. Made by server.ts for ownership.ts.
import { isBeingTransferred, isTerminal, STREAMS_PER_DOCUMENT, type CallRecord } from '#calls/call.ts';
import type { StreamCodec, StreamEvent } from '#carriers/stream.ts';
import type { Bridge } from './bridge.ts';
import { carrierLeg } from './carrier-leg.ts';
import type { CarriedStream } from './gateway-ports.ts';
import { join, voiceFor, within, type Bridges, type JoinDeps } from './join.ts';
import type { BridgeDeps, StreamInput, Transport } from './ports.ts';

/** Orders the streams of a call: those of a later document follow all of an earlier one, and each takeover follows the one before. One connection is not taken over so often. */
export const bridgeEpoch = (documentEpoch: number, takeovers: number): number => documentEpoch * STREAMS_PER_DOCUMENT + Math.min(takeovers, STREAMS_PER_DOCUMENT - 1);

/** Taken over too often: something is wrong with the call, or with us. The caller hears so instead of another agent. */
const nobody: BridgeDeps['openAgent'] = (_opening, handlers) => {
  const soon = setImmediate(() => handlers.closed({ fault: 'agent-lost-too-often' }));
  return { audio: () => {}, answerTool: () => {}, tell: () => {}, stir: () => {}, close: () => clearImmediate(soon), waitingBytes: () => 0 };
};

/** `takeovers`: how often the connection changed hands, this time included. Frames that come before the call was read are kept. */
export const takeover = (transport: Transport, codec: StreamCodec, deps: JoinDeps, bridges: Bridges, carried: CarriedStream, takeovers: number): StreamInput => {
  const { options, metrics, log } = deps;
  const startedMs = deps.ms();
  let joined: Bridge | undefined;
  let over = false;
  let kept: StreamEvent[] = [];

  const close = (code: number, reason: string): void => {
    over = true;
    kept = [];
    metrics.countBy('streams_closed', reason);
    transport.close(code, reason);
  };
  const read = async (): Promise<CallRecord | undefined> => {
    try {
      const record = await within(deps.calls.call(carried.callId));
      return record === 'too-late' ? undefined : record;
    } catch (error) {
      log.error('a call could not be read; the caller is talked with all the same', { callId: carried.callId, error });
      return undefined;
    }
  };
  const begin = async (): Promise<void> => {
    const record = await read();
    if (over) return;
    if (record && (record.endReason !== null || isTerminal(record.status))) return close(1000, 'call-is-over');
    // The task before us had promised a person: the carrier's next document, or its flow, puts the caller through.
    if (record && isBeingTransferred(record)) return close(1000, 'transfer');
    const voiceId = await voiceFor(deps, record);
    if (over) return;
    const leg = carrierLeg(transport, codec, { event: 'start', ticket: undefined, accountSid: '', streamSid: carried.streamSid, callSid: carried.callSid, shape: carried.shape }, takeovers);
    // What the task before us had sent is cut off: the agent begins with words that say so.
    leg.clear();
    const able = takeovers > options.mostTakeovers ? { ...deps, openAgent: nobody } : deps;
    joined = join(able, bridges, leg, { callId: carried.callId, epoch: bridgeEpoch(carried.epoch, takeovers), startedMs, record, voiceId });
    if (!joined) return close(1000, 'overtaken');
    transport.carries?.(carried);
    metrics.count('calls_taken_over');
    log.info('a call was taken over', { callId: carried.callId, takeovers });
    for (const event of kept.splice(0)) joined.carrier(event);
  };
  begin().catch((error: unknown) => {
    log.error('a call could not be taken over', { callId: carried.callId, error });
    close(1011, 'takeover-failed');
  });

  return {
    frame: (bytes) => {
      if (over) return;
      const event = codec.read(bytes);
      if (event.event === 'fault') return void (joined ? joined.letGo(`carrier-${event.reason}`, event.closeCode) : close(event.closeCode, event.reason));
      if (joined) return joined.carrier(event);
      kept.push(event.event === 'media' ? { ...event, payload: Buffer.from(event.payload) } : event);
      if (kept.length > options.mostFramesBeforeAdmission) kept.shift();
    },
    closed: (code) => {
      over = true;
      joined?.carrierClosed(code);
    },
    speaking: () => joined?.speaking() ?? false,
    handOver: () => joined?.handOver(),
  };
};
