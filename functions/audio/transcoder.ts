/**
 * Turns one stream of audio bytes into another shape, for the bridge (one for each direction of a call): pieces of any size in,
 * bytes out, the same bytes however the stream was cut.
 *
 * When both ends agree it hands each piece back as it came, untouched and unread. Otherwise mu-law is decoded and encoded by table
 * and the rate changed in between, if it differs. The agent may split a 16-bit sample between two messages: the odd byte waits
 * for its other half.
 */
import { type AudioShape, sameShape } from './formats.ts';
import { decodeMulaw, encodeMulaw } from './mulaw.ts';
import { resampler } from './resample.ts';

export type Transcoder = {
  /** True when pieces come back as the very same object. */
  readonly passesThrough: boolean;
  /** How much audio is held back between pieces, in milliseconds: 0 unless the rate changes. */
  readonly delayMs: number;
  /** The next bytes of the stream, of any number; what can be said so far comes back, which may be nothing. Keeps no reference to `bytes`. */
  push(bytes: Uint8Array): Uint8Array;
  /** The stream pauses or ends here: what was held back (half a sample is dropped). The transcoder is then as new. */
  flush(): Uint8Array;
  /** After a barge-in: forgets what was held back. The next byte begins a stream, and a sample, out of silence. */
  reset(): void;
};

const NOTHING = new Uint8Array(0);

/** A transcoder for one stream. Throws RangeError for two rates that the resampler cannot join. */
export function transcoder(from: AudioShape, to: AudioShape): Transcoder {
  if (sameShape(from, to)) return { passesThrough: true, delayMs: 0, push: (bytes) => bytes, flush: () => NOTHING, reset() {} };

  const reader = from.encoding === 'mulaw' ? mulawReader : pcmReader();
  const write = to.encoding === 'mulaw' ? encodeMulaw : bytesOf;
  const rate = resampler(from.rateHz, to.rateHz);
  return {
    passesThrough: false,
    delayMs: rate.delayMs,
    push: (bytes) => (bytes.length === 0 ? NOTHING : write(rate.push(reader.read(bytes)))),
    flush() {
      reader.reset();
      return write(rate.flush());
    },
    reset() {
      reader.reset();
      rate.reset();
    },
  };
}

type Reader = { read(bytes: Uint8Array): Int16Array; reset(): void };

const mulawReader: Reader = { read: decodeMulaw, reset() {} };

/** Reads s16le in the machine's own order: every machine that Node 24 runs on for us (x64, arm64) is little-endian. */
function pcmReader(): Reader {
  // The low byte of a sample whose high byte has not come yet.
  let waiting: number | undefined;
  return {
    read(bytes) {
      if (waiting === undefined && bytes.length % 2 === 0 && bytes.byteOffset % 2 === 0) {
        return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
      }
      const lead = waiting === undefined ? 0 : 1;
      const count = (lead + bytes.length) >> 1;
      const samples = new Int16Array(count);
      const whole = bytesOf(samples);
      if (count > 0) {
        if (waiting !== undefined) whole[0] = waiting;
        whole.set(bytes.subarray(0, 2 * count - lead), lead);
        waiting = undefined;
      }
      if (lead + bytes.length > 2 * count) waiting = bytes.at(-1) ?? waiting;
      return samples;
    },
    reset() {
      waiting = undefined;
    },
  };
}

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}
