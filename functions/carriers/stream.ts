// What a carrier says on its media socket and what it can be told, in the words of the house: each accent's codec.ts speaks it, the relay uses it.
import type { AudioShape } from '#audio/formats.ts';
import type { CarrierName } from '#calls/lead.ts';

export interface StreamStart {
  event: 'start';
  streamSid: string;
  callSid: string;
  /** Empty when the carrier named none. */
  accountSid: string;
  /** Our stream ticket as it was shown, if there was one. */
  ticket: string | undefined;
  shape: AudioShape;
}

export type StreamEvent =
  | { event: 'connected' }
  | StreamStart
  /** Caller audio: base64 as it stood on the wire, possibly a view of the frame. `chunk` counts frames of caller audio; null when not given. */
  | { event: 'media'; payload: Buffer; chunk: number | null }
  | { event: 'dtmf'; digit: string }
  /** A named point in outbound audio was reached, or cleared. */
  | { event: 'mark'; name: string }
  | { event: 'stop' }
  /** Well-formed, but nothing that we know: ignored and counted. */
  | { event: 'other' };

/** Why a frame could not be read: its WebSocket close code and a stable kebab-case reason. */
export interface StreamFault {
  event: 'fault';
  closeCode: 1003 | 1007 | 1008;
  reason: string;
}

/** Frames for one stream. */
export interface StreamWriter {
  /** What stands before the audio in its frame; asked once for each. In parts, because who sends it puts more before it: copied once, not twice. */
  before(base64: Buffer): Buffer;
  readonly after: Buffer;
  mark(name: string): string;
  clear(): string;
}

/** The frame in one piece. */
export const mediaFrame = (write: StreamWriter, base64: Buffer): Buffer => Buffer.concat([write.before(base64), base64, write.after]);

/** How the carrier wants its audio: see audio/cutter.ts. */
export interface StreamCutting {
  frameBytes: number;
  leastBytes: number;
  mostBytes: number;
  /** Whether the end of an utterance is filled up with silence to whole frames; otherwise it is sent as short as it is. */
  padsEnd: boolean;
  /**
   * Where the carrier wants audio about as fast as it is played: `startMs` may go out at once, then `speed` times real time, until
   * `mostAheadMs` are ahead of the caller's ear. Absent: as fast as the relay's window allows.
   */
  pace?: { startMs: number; mostAheadMs: number; speed: number };
}

/** Pure and synchronous: a frame in, a value out; a writer may count what it wrote. */
export interface StreamCodec {
  readonly carrier: CarrierName;
  /** Frames larger than this are refused by the socket. */
  readonly maxFrameBytes: number;
  cutting(shape: AudioShape): StreamCutting;
  /** Whether the carrier comes back for another stream when this one ends too early, by its answer document; otherwise the call ends with it. */
  readonly reopens: boolean;
  read(frame: Buffer): StreamEvent | StreamFault;
  /** What `read` says of the bytes between the two, where that is seen at a glance: they are plain ASCII then. Undefined for all else. */
  readPlain?: (bytes: Buffer, from: number, to: number) => StreamEvent | undefined;
  /** `sent`: how many frames the stream may have been sent already, by another process. */
  writer(streamSid: string, shape: AudioShape, sent?: number): StreamWriter;
}
