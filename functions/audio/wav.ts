/**
 * Reads and writes WAV files, for the recorded sentences that a caller hears when the agent cannot be had: one channel, PCM16 or
 * mu-law, any rate. Strict on purpose: a file that is not quite right is refused when the process starts, not heard as noise.
 *
 * Source: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (RIFF) and its 1994 revision (format tag 7,
 * mu-law, and the fact chunk); tag 0xFFFE carries the real tag in a GUID.
 */
import { type AudioShape, bytesPerSample, type Encoding } from './formats.ts';

/** The bytes of a recording and their shape; its rate need not be one of the named formats. */
export type Recording = AudioShape & { readonly bytes: Uint8Array };

const TAG_PCM = 1;
const TAG_MULAW = 7;
const TAG_EXTENSIBLE = 0xfffe;
/** What follows the two bytes of the tag in an extensible format's GUID. */
const GUID_TAIL = '000000001000800000aa00389b71';

/** Reads a whole file. Throws Error, in words for whoever made the file, when it is not a complete mono PCM16 or mu-law WAV. */
export function readWav(file: Uint8Array): Recording {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 12 || word(file, 0) !== 'RIFF' || word(file, 8) !== 'WAVE') {
    throw new Error('not a WAV file: it does not begin with RIFF and WAVE');
  }
  let shape: AudioShape | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = word(file, at);
    const size = view.getUint32(at + 4, true);
    const begin = at + 8;
    if (begin + size > file.length) {
      throw new Error(`WAV file is cut short: its ${name.trim()} chunk says ${size} bytes and ${file.length - begin} are there`);
    }
    if (name === 'fmt ') shape = readShape(new DataView(file.buffer, file.byteOffset + begin, size));
    if (name === 'data') {
      if (shape === undefined) throw new Error('WAV file has no fmt chunk before its data');
      if (size % bytesPerSample(shape) !== 0) throw new Error(`WAV data of ${size} bytes ends in the middle of a sample`);
      return { ...shape, bytes: file.slice(begin, begin + size) };
    }
    // Chunks begin on even bytes.
    at = begin + size + (size % 2);
  }
  throw new Error('WAV file has no data chunk');
}

function readShape(fmt: DataView): AudioShape {
  if (fmt.byteLength < 16) throw new Error(`WAV fmt chunk has ${fmt.byteLength} bytes, fewer than 16`);
  const channels = fmt.getUint16(2, true);
  const rateHz = fmt.getUint32(4, true);
  const bytesPerSecond = fmt.getUint32(8, true);
  const blockBytes = fmt.getUint16(12, true);
  const bits = fmt.getUint16(14, true);
  const encoding = encodingOf(realTag(fmt), bits);
  if (channels !== 1) throw new Error(`WAV file has ${channels} channels, not 1`);
  if (rateHz === 0) throw new Error('WAV file has a sample rate of 0');
  if (blockBytes !== bits / 8 || bytesPerSecond !== rateHz * blockBytes) {
    throw new Error(`WAV fmt chunk contradicts itself: ${rateHz} Hz at ${bits} bits, but ${blockBytes} bytes a block and ${bytesPerSecond} a second`);
  }
  return { encoding, rateHz };
}

function realTag(fmt: DataView): number {
  const tag = fmt.getUint16(0, true);
  if (tag !== TAG_EXTENSIBLE) return tag;
  if (fmt.byteLength < 40) throw new Error(`WAV fmt chunk is extensible but has ${fmt.byteLength} bytes, fewer than 40`);
  const tail = Buffer.from(fmt.buffer, fmt.byteOffset + 26, 14).toString('hex');
  if (tail !== GUID_TAIL) throw new Error('WAV file has an extensible format that is neither PCM nor mu-law');
  return fmt.getUint16(24, true);
}

function encodingOf(tag: number, bits: number): Encoding {
  if (tag === TAG_PCM && bits === 16) return 'pcm16';
  if (tag === TAG_MULAW && bits === 8) return 'mulaw';
  throw new Error(`WAV file has format ${tag} at ${bits} bits; it must be 16-bit PCM (1) or 8-bit mu-law (7)`);
}

/** A complete file: the canonical 44 bytes of header for PCM16; for mu-law the extended fmt and fact chunks that its tag asks for. */
export function writeWav({ encoding, rateHz, bytes }: Recording): Uint8Array {
  const blockBytes = encoding === 'mulaw' ? 1 : 2;
  if (bytes.length % blockBytes !== 0) throw new RangeError(`writeWav: ${bytes.length} bytes end in the middle of a sample`);
  const fmtBytes = encoding === 'mulaw' ? 18 : 16;
  const dataAt = 20 + fmtBytes + (encoding === 'mulaw' ? 12 : 0);
  const file = Buffer.alloc(dataAt + 8 + bytes.length + (bytes.length % 2));
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(fmtBytes, 16);
  file.writeUInt16LE(encoding === 'mulaw' ? TAG_MULAW : TAG_PCM, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rateHz, 24);
  file.writeUInt32LE(rateHz * blockBytes, 28);
  file.writeUInt16LE(blockBytes, 32);
  file.writeUInt16LE(8 * blockBytes, 34);
  if (encoding === 'mulaw') {
    file.write('fact', 38, 'latin1');
    file.writeUInt32LE(4, 42);
    file.writeUInt32LE(bytes.length, 46);
  }
  file.write('data', dataAt, 'latin1');
  file.writeUInt32LE(bytes.length, dataAt + 4);
  file.set(bytes, dataAt + 8);
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
}

function word(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
