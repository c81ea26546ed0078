// Audio on its way to the caller: cut to the carrier's taste, held back to what the carrier should hold, marked, cleared. One for each bridge.
import { bytesPerMs } from '#audio/formats.ts';
import { cutter, type Cutter } from '#audio/cutter.ts';
import type { StreamCutting } from '#carriers/stream.ts';
import { decodedLength } from '#house/spans.ts';
import type { Counter, Metrics } from './metrics.ts';
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

class CarrierOutbound implements Outbound {
  readonly playout: Playout;
  readonly #leg: CarrierLeg;
  readonly #metrics: Metrics;
  readonly #framesOut: Counter;
  readonly #ms: () => number;
  readonly #cut: Cutter;
  readonly #cutting: StreamCutting;
  readonly #rate: number;
  readonly #window: number;
  readonly #markEvery: number;
  readonly #mostQueued: number;
  /** Pieces, and null where a mark is due whatever came before. */
  #queue: (Uint8Array | null)[] = [];
  #queuedBytes = 0;
  #sinceMark = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Before this a carrier that wants its audio paced gets no further piece. */
  #nextAt: number | undefined = undefined;
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(leg: CarrierLeg, options: OutboundOptions, metrics: Metrics, ms: () => number, firstGeneration: number) {
    const { frameBytes, leastBytes, mostBytes } = leg.cutting;
    this.#leg = leg;
    this.#metrics = metrics;
    this.#framesOut = metrics.counter('frames_to_carrier');
    this.#ms = ms;
    this.#rate = bytesPerMs(leg.shape);
    this.#cutting = leg.cutting;
    this.#cut = cutter({ shape: leg.shape, frameBytes, leastBytes, mostBytes });
    this.#window = options.aheadMs * this.#rate;
    this.#markEvery = options.markEveryMs * this.#rate;
    this.#mostQueued = options.mostQueuedMs * this.#rate;
    this.playout = playout({ bytesPerMs: this.#rate, lostEchoMs: options.lostEchoMs, firstGeneration });
  }

  #mark(): void {
    this.#sinceMark = 0;
    this.#leg.mark(this.playout.mark());
  }

  #hand(base64: Buffer, bytes: number, now: number): void {
    this.#leg.media(base64);
    this.#framesOut.value++;
    this.playout.handed(bytes, now);
    const { pace } = this.#cutting;
    if (pace) {
      const [lasts, ahead] = [bytes / this.#rate, this.playout.remainingMs(now)];
      this.#nextAt = ahead + lasts <= pace.startMs ? now : now + Math.max(lasts / pace.speed, ahead + lasts - pace.mostAheadMs);
    }
    this.#sinceMark += bytes;
    if (this.#sinceMark >= this.#markEvery) this.#mark();
  }

  #mayHand(bytes: number, now: number): boolean {
    if (this.#nextAt !== undefined && now < this.#nextAt) return false;
    const ahead = this.playout.aheadBytes(now);
    return ahead === 0 || ahead + bytes <= this.#window;
  }

  /** Everything is with the carrier and was heard. */
  #dry(): boolean {
    return this.#queue.length === 0 && this.#cut.heldBytes() === 0 && this.playout.aheadBytes(this.#ms()) === 0;
  }

  #letGo(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  #pump(): void {
    let taken = 0;
    while (taken < this.#queue.length) {
      const piece = this.#queue[taken]!;
      if (piece === null) {
        if (this.#sinceMark > 0) this.#mark();
      } else {
        const now = this.#ms();
        if (!this.#mayHand(piece.length, now)) break;
        this.#queuedBytes -= piece.length;
        this.#hand(Buffer.from(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64'), 'latin1'), piece.length, now);
      }
      taken++;
    }
    if (taken > 0) this.#queue = this.#queue.slice(taken);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length === 0 || this.#closed) return;
    // Echoes move the window; this moves it when they are lost, and keeps the pace.
    const paceMs = (this.#nextAt ?? -Infinity) - this.#ms();
    this.#timer = setTimeout(() => this.#pump(), paceMs > 0 ? Math.max(1, paceMs) : 500);
  }

  #enqueue(piece: Uint8Array): void {
    this.#queue.push(piece);
    this.#queuedBytes += piece.length;
  }

  audio(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    if (this.#queuedBytes + bytes.length > this.#mostQueued) {
      this.#metrics.count('agent_audio_dropped', bytes.length);
      return;
    }
    for (const piece of this.#cut.push(bytes)) this.#enqueue(piece);
    this.#metrics.peak('queued_agent_audio_bytes', this.#queuedBytes);
    if (this.#queue.length > 0) this.#pump();
  }

  base64(text: Buffer): void {
    const bytes = decodedLength(text);
    const now = this.#ms();
    const { leastBytes, mostBytes, frameBytes } = this.#cutting;
    const asItIs = !this.#closed && this.#queue.length === 0 && this.#cut.heldBytes() === 0
      && bytes >= leastBytes && bytes <= mostBytes && bytes % frameBytes === 0 && this.#mayHand(bytes, now);
    if (asItIs) this.#hand(text, bytes, now);
    else this.audio(Buffer.from(text.toString('latin1'), 'base64'));
  }

  settle(): void {
    if (this.#closed) return;
    const heldBytes = this.#cut.heldBytes();
    const rest = this.#cut.flush();
    if (rest) this.#enqueue(this.#cutting.padsEnd ? rest : rest.subarray(0, heldBytes));
    if (this.#sinceMark > 0 || this.#queuedBytes > 0) this.#queue.push(null);
    this.#pump();
  }

  clear(): number {
    this.#cut.reset();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#sinceMark = 0;
    this.#nextAt = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const heard = this.playout.clear(this.#ms());
    if (!this.#closed) this.#leg.clear();
    this.#letGo();
    return heard;
  }

  echoed(name: string): Echo {
    const echo = this.playout.echoed(name, this.#ms());
    if (echo === 'heard') {
      this.#metrics.observe('mark_late_ms', Math.max(0, this.playout.lastEchoLateMs()));
      if (this.#queue.length > 0) this.#pump();
      if (this.#dry()) this.#letGo();
    }
    return echo;
  }

  heardOut(marginMs: number, mostMs: number): Promise<void> {
    this.settle();
    if (this.#closed || this.#dry()) return Promise.resolve();
    const latest = this.#ms() + mostMs;
    return new Promise((resolve) => {
      let check: NodeJS.Timeout;
      let heard = this.playout.heardBytes();
      const due = (): number => Math.min(this.remainingMs() + marginMs, latest - this.#ms());
      const go = (): void => {
        clearTimeout(check);
        resolve();
      };
      // Marks that came since correct the clock: a carrier that plays late is still playing.
      const look = (): void => {
        const more = this.playout.heardBytes() > heard || this.#queuedBytes > 0;
        heard = this.playout.heardBytes();
        if (more && latest > this.#ms()) check = setTimeout(look, Math.max(due(), 1));
        else {
          this.#metrics.count('marks_lost');
          this.#waiting = this.#waiting.filter((other) => other !== go);
          resolve();
        }
      };
      check = setTimeout(look, Math.max(due(), 1));
      this.#waiting.push(go);
    });
  }

  remainingMs(): number {
    return this.playout.remainingMs(this.#ms()) + this.#queuedBytes / this.#rate;
  }

  nextPosition(): number {
    return this.playout.handedBytes() + this.#queuedBytes + this.#cut.heldBytes();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#letGo();
  }
}

/** `firstGeneration`: of its marks, beyond those of any bridge that the stream had before. */
export const outbound = (leg: CarrierLeg, options: OutboundOptions, metrics: Metrics, ms: () => number, firstGeneration = 0): Outbound =>
  new CarrierOutbound(leg, options, metrics, ms, firstGeneration);
