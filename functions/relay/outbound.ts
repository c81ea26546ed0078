// Audio on its way to the caller: cut to the carrier's taste, held back to what the carrier should hold, marked, cleared. One for each bridge.
import { bytesPerMs } from '#audio/formats.ts';
import { cutter } from '#audio/cutter.ts';
import { decodedLength } from '#house/spans.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';
import { playout, type Echo, type Playout } from './playout.ts';
import type { CarrierLeg } from './ports.ts';

export interface Outbound {
  readonly playout: Playout;
  /** Audio in the carrier's shape, of any length; keeps views of it. */
  audio(bytes: Uint8Array): void;
  /** The same as base64: handed on as it is when it may be. */
  base64(text: Buffer): void;
  /** The utterance pauses or ends: the remainder goes out, and a mark after it. */
  settle(): void;
  /** Barge-in: drops all that is queued, here and at the carrier. Returns the position up to which the caller heard. */
  clear(): number;
  echoed(name: string): Echo;
  /** Settles, and resolves once the caller heard everything; at the latest when `margin` passed after it should have been heard, or `most`. */
  heardOut(marginMs: number, mostMs: number): Promise<void>;
  /** How long until the caller has heard everything that is on its way, by the clock; a remainder that waits for more to be a piece is not. */
  remainingMs(): number;
  /** Position of the next byte that is queued, in the count of `playout`. */
  nextPosition(): number;
  /** Nothing more goes out; whoever waits is let go. */
  close(): void;
}

type OutboundOptions = Pick<RelayOptions, 'aheadMs' | 'mostQueuedMs' | 'markEveryMs' | 'lostEchoMs'>;

/** `firstGeneration`: of its marks, beyond those of any bridge that the stream had before. */
export const outbound = (leg: CarrierLeg, options: OutboundOptions, metrics: Metrics, ms: () => number, firstGeneration = 0): Outbound => {
  const rate = bytesPerMs(leg.shape);
  const { frameBytes, leastBytes, mostBytes, padsEnd, pace } = leg.cutting;
  const played = playout({ bytesPerMs: rate, lostEchoMs: options.lostEchoMs, firstGeneration });
  const cut = cutter({ shape: leg.shape, frameBytes, leastBytes, mostBytes });
  const window = options.aheadMs * rate;
  const markEvery = options.markEveryMs * rate;
  const mostQueued = options.mostQueuedMs * rate;
  /** Pieces, and null where a mark is due whatever came before. */
  let queue: (Uint8Array | null)[] = [];
  let queuedBytes = 0;
  let sinceMark = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Before this a carrier that wants its audio paced gets no further piece. */
  let nextAt = -Infinity;
  let waiting: (() => void)[] = [];
  let closed = false;

  const mark = (): void => {
    sinceMark = 0;
    leg.mark(played.mark());
  };
  const hand = (base64: Buffer, bytes: number, now: number): void => {
    leg.media(base64);
    metrics.count('frames_to_carrier');
    played.handed(bytes, now);
    if (pace) {
      const [lasts, ahead] = [bytes / rate, played.remainingMs(now)];
      nextAt = ahead + lasts <= pace.startMs ? now : now + Math.max(lasts / pace.speed, ahead + lasts - pace.mostAheadMs);
    }
    sinceMark += bytes;
    if (sinceMark >= markEvery) mark();
  };
  const mayHand = (bytes: number, now: number): boolean => {
    if (now < nextAt) return false;
    const ahead = played.aheadBytes(now);
    return ahead === 0 || ahead + bytes <= window;
  };
  /** Everything is with the carrier and was heard. */
  const dry = (): boolean => queue.length === 0 && cut.heldBytes() === 0 && played.aheadBytes(ms()) === 0;
  const letGo = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  const pump = (): void => {
    let taken = 0;
    while (taken < queue.length) {
      const piece = queue[taken]!;
      if (piece === null) {
        if (sinceMark > 0) mark();
      } else {
        const now = ms();
        if (!mayHand(piece.length, now)) break;
        queuedBytes -= piece.length;
        hand(Buffer.from(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64'), 'latin1'), piece.length, now);
      }
      taken++;
    }
    if (taken > 0) queue = queue.slice(taken);
    clearTimeout(timer);
    timer = undefined;
    // Echoes move the window; this moves it when they are lost, and keeps the pace.
    if (queue.length > 0 && !closed) timer = setTimeout(pump, nextAt > ms() ? Math.max(1, nextAt - ms()) : 500);
  };
  const enqueue = (piece: Uint8Array): void => {
    queue.push(piece);
    queuedBytes += piece.length;
  };
  const audio = (bytes: Uint8Array): void => {
    if (closed || bytes.length === 0) return;
    if (queuedBytes + bytes.length > mostQueued) {
      metrics.count('agent_audio_dropped', bytes.length);
      return;
    }
    for (const piece of cut.push(bytes)) enqueue(piece);
    metrics.peak('queued_agent_audio_bytes', queuedBytes);
    if (queue.length > 0) pump();
  };
  const settle = (): void => {
    if (closed) return;
    const heldBytes = cut.heldBytes();
    const rest = cut.flush();
    if (rest) enqueue(padsEnd ? rest : rest.subarray(0, heldBytes));
    if (sinceMark > 0 || queuedBytes > 0) queue.push(null);
    pump();
  };

  return {
    playout: played,
    audio,
    base64: (text) => {
      const bytes = decodedLength(text);
      const now = ms();
      const asItIs = !closed && queue.length === 0 && cut.heldBytes() === 0 && bytes >= leastBytes && bytes <= mostBytes && bytes % frameBytes === 0 && mayHand(bytes, now);
      if (asItIs) hand(text, bytes, now);
      else audio(Buffer.from(text.toString('latin1'), 'base64'));
    },
    settle,
    clear: () => {
      cut.reset();
      queue = [];
      queuedBytes = 0;
      sinceMark = 0;
      nextAt = -Infinity;
      clearTimeout(timer);
      timer = undefined;
      const heard = played.clear(ms());
      if (!closed) leg.clear();
      letGo();
      return heard;
    },
    echoed: (name) => {
      const echo = played.echoed(name, ms());
      if (echo === 'heard') {
        metrics.observe('mark_late_ms', Math.max(0, played.lastEchoLateMs()));
        if (queue.length > 0) pump();
        if (dry()) letGo();
      }
      return echo;
    },
    heardOut: (marginMs, mostMs) => {
      settle();
      if (closed || dry()) return Promise.resolve();
      const latest = ms() + mostMs;
      return new Promise((resolve) => {
        let check: NodeJS.Timeout;
        let heard = played.heardBytes();
        const due = (): number => Math.min(played.remainingMs(ms()) + queuedBytes / rate + marginMs, latest - ms());
        const go = (): void => {
          clearTimeout(check);
          resolve();
        };
        // Marks that came since correct the clock: a carrier that plays late is still playing.
        const look = (): void => {
          const more = played.heardBytes() > heard || queuedBytes > 0;
          heard = played.heardBytes();
          if (more && latest > ms()) check = setTimeout(look, Math.max(due(), 1));
          else {
            metrics.count('marks_lost');
            waiting = waiting.filter((other) => other !== go);
            resolve();
          }
        };
        check = setTimeout(look, Math.max(due(), 1));
        waiting.push(go);
      });
    },
    remainingMs: () => played.remainingMs(ms()) + queuedBytes / rate,
    nextPosition: () => played.handedBytes() + queuedBytes + cut.heldBytes(),
    close: () => {
      closed = true;
      clearTimeout(timer);
      queue = [];
      queuedBytes = 0;
        letGo();
    },
  };
};
