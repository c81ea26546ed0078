// The caller's audio on its way to the agent: kept until the agent is ready, in its format, in order; gaps are counted. One for each bridge.
import { bytesPerMs, type AudioFormat, type AudioShape } from '#audio/formats.ts';
import { transcoder, type Transcoder } from '#audio/transcoder.ts';
import { decodedLength } from '#house/spans.ts';
import type { Counter, Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';

export interface CallerAudio {
  /** A frame from the carrier; may be a view of the socket's buffer. */
  frame(payload: Buffer, chunk: number | null): void;
  /** The agent said which format it wants. What was kept follows at once. */
  ready(format: AudioFormat): void;
  /** The agent does not listen for now (its queue says `waiting`), or does again. */
  hold(): void;
  resume(): void;
  /** Nobody is heard any more. */
  close(): void;
}

/** Frames between two looks at how much waits, for the agent and for the carrier: 160 ms of Twilio's, a hundredth of what may. */
const LOOK_EVERY = 8;
/** Of Twilio's frames of 20 ms one in three is listened to, of Exotel's of 100 ms each. */
const LISTEN_EVERY = 3;
const LONG_MS = 60;

/** What is seen to now and then while the caller is heard. */
export interface NowAndThen {
  /** A frame every 60 ms or so. */
  listen(payload: Buffer): void;
  /** How much the carrier has not taken yet. */
  look(): void;
}

type Sink = { audio(base64: Buffer): void; waitingBytes(): number };

type CallerOptions = Pick<RelayOptions, 'callerKeptMs' | 'agentChunkMs' | 'mostAgentSocketBytes'>;

/** What every frame asks for stands first, so that it lies together. */
class KeptCallerAudio implements CallerAudio {
  readonly #frames: Counter;
  readonly #toAgent: Counter;
  readonly #sink: Sink;
  readonly #longFrame: number;
  #closed = false;
  #count = 0;
  #sent = 0;
  #lastChunk: number | null = null;
  #listening = false;
  /** Each frame is a message of its own, as it came. */
  #asItIs = false;
  /** The agent's socket holds too much. */
  #full = false;
  readonly #shape: AudioShape;
  readonly #options: CallerOptions;
  readonly #metrics: Metrics;
  readonly #meanwhile: NowAndThen;
  readonly #mostKept: number;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #change: Transcoder | undefined = undefined;
  /** Bytes in the agent's format that make one message; 1 where each frame is one. */
  #chunkBytes = 1;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  constructor(shape: AudioShape, sink: Sink, options: CallerOptions, metrics: Metrics, meanwhile: NowAndThen) {
    this.#longFrame = (LONG_MS * bytesPerMs(shape) * 4) / 3;
    this.#meanwhile = meanwhile;
    this.#shape = shape;
    this.#sink = sink;
    this.#options = options;
    this.#metrics = metrics;
    this.#frames = metrics.counter('frames_from_carrier');
    this.#toAgent = metrics.counter('frames_to_agent');
    this.#mostKept = options.callerKeptMs * bytesPerMs(shape);
  }

  #send(base64: Buffer): void {
    if (this.#full || this.#sent++ % LOOK_EVERY === 0) {
      const waiting = this.#sink.waitingBytes();
      this.#metrics.peak('agent_socket_bytes', waiting);
      this.#full = waiting > this.#options.mostAgentSocketBytes;
    }
    if (this.#full) {
      this.#metrics.count('caller_audio_dropped');
      return;
    }
    this.#sink.audio(base64);
    this.#toAgent.value++;
  }

  #pass(payload: Buffer): void {
    if (this.#asItIs) return this.#send(payload);
    const bytes = this.#change!.push(Buffer.from(payload.toString('latin1'), 'base64'));
    if (bytes.length === 0) return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes < this.#chunkBytes) return;
    this.#send(Buffer.from(Buffer.concat(this.#gathered, this.#gatheredBytes).toString('base64'), 'latin1'));
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }

  #keep(payload: Buffer): void {
    // A copy: the view would hold the socket's whole buffer, and may be written over.
    const copy = Buffer.from(payload);
    this.#kept.push(copy);
    this.#keptBytes += decodedLength(copy);
    while (this.#keptBytes > this.#mostKept && this.#kept.length > 1) {
      this.#keptBytes -= decodedLength(this.#kept.shift()!);
      this.#metrics.count('caller_audio_dropped');
    }
  }

  frame(payload: Buffer, chunk: number | null): void {
    if (this.#closed) return;
    const count = this.#count++;
    if (count % LISTEN_EVERY === 0 || payload.length >= this.#longFrame) this.#meanwhile.listen(payload);
    this.#frames.value++;
    if (chunk !== null) {
      const last = this.#lastChunk;
      if (last !== null && chunk > last + 1) this.#metrics.count('gap_frames', chunk - last - 1);
      if (last !== null && chunk <= last) this.#metrics.count('late_frames');
      else this.#lastChunk = chunk;
    }
    if (payload.length > 0) {
      if (this.#listening) this.#pass(payload);
      else this.#keep(payload);
    }
    // May be the end of all.
    if (count % LOOK_EVERY === 0) this.#meanwhile.look();
  }

  ready(format: AudioFormat): void {
    this.#change = transcoder(this.#shape, format);
    // Twilio's frames are 20 ms: at that setting nothing is gathered.
    const { agentChunkMs } = this.#options;
    this.#chunkBytes = agentChunkMs <= 20 ? 1 : Math.floor(agentChunkMs * bytesPerMs(format));
    this.#asItIs = this.#change.passesThrough && this.#chunkBytes === 1;
    this.resume();
  }

  hold(): void {
    this.#listening = false;
  }

  resume(): void {
    if (!this.#change) return;
    this.#listening = true;
    const early = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const payload of early) this.#pass(payload);
  }

  close(): void {
    this.#closed = true;
  }
}

export const callerAudio = (shape: AudioShape, sink: Sink, options: CallerOptions, metrics: Metrics, meanwhile: NowAndThen): CallerAudio =>
  new KeptCallerAudio(shape, sink, options, metrics, meanwhile);
