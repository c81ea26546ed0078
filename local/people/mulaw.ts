// The carrier's own G.711 mu-law and WAV: what is spoken into the line and what the caller heard. Shares nothing with functions/audio,
// so that a mistake there is audible here.

export const FRAME_BYTES = 160;
export const FRAME_MS = 20;
/** One frame of a line on which nobody speaks: 0xFF is mu-law's zero. Shared, so compare by reference and never write to it. */
export const SILENCE: Uint8Array = new Uint8Array(FRAME_BYTES).fill(0xff);

const BIAS = 0x84;
const CLIP = 32_635;

const decodeByte = (byte: number): number => {
  const code = ~byte & 0xff;
  const exponent = (code >> 4) & 7;
  const magnitude = (((code & 0x0f) << 3) + BIAS) << exponent;
  return code & 0x80 ? BIAS - magnitude : magnitude - BIAS;
};
const LINEAR = Int16Array.from({ length: 256 }, (_, byte) => decodeByte(byte));

/** mu-law byte to a 16-bit sample. */
export const toLinear = (byte: number): number => LINEAR[byte & 0xff] ?? 0;

/** 16-bit sample to its mu-law byte (G.711, bias 132, clipped at 32635). */
export const toMulaw = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
};

export const encodeMulaw = (pcm: Int16Array): Uint8Array => Uint8Array.from(pcm, toMulaw);
export const decodeMulaw = (bytes: Uint8Array): Int16Array => Int16Array.from(bytes, toLinear);

/** 16-bit WAV at 8 kHz with one channel per array; shorter channels are padded with silence. */
export const toWav = (...channels: Int16Array[]): Buffer => {
  const samples = Math.max(0, ...channels.map((channel) => channel.length));
  const blockBytes = channels.length * 2;
  const wav = Buffer.alloc(44 + samples * blockBytes);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * blockBytes, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(channels.length, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000 * blockBytes, 28);
  wav.writeUInt16LE(blockBytes, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * blockBytes, 40);
  channels.forEach((channel, place) => {
    for (let i = 0; i < channel.length; i += 1) wav.writeInt16LE(channel[i] ?? 0, 44 + i * blockBytes + place * 2);
  });
  return wav;
};

/** The first channel of a PCM16 or mu-law WAV as mu-law at 8 kHz (nearest sample: it is a phone); null when it is no such file. */
export const readWav = (file: Buffer): Uint8Array | null => {
  if (file.length < 44 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') return null;
  let format = { codec: 0, channels: 0, rate: 0, bits: 0 };
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === 'fmt ' && start + 16 <= file.length) {
      format = { codec: file.readUInt16LE(start), channels: file.readUInt16LE(start + 2),
        rate: file.readUInt32LE(start + 4), bits: file.readUInt16LE(start + 14) };
    }
    if (name === 'data') {
      const pcm = format.codec === 1 && format.bits === 16;
      if (format.rate === 0 || format.channels === 0 || !(pcm || (format.codec === 7 && format.bits === 8))) return null;
      const stride = format.channels * (format.bits / 8);
      const frames = Math.floor(Math.min(size, file.length - start) / stride);
      const out = new Uint8Array(Math.floor((frames * 8000) / format.rate));
      for (let i = 0; i < out.length; i += 1) {
        const place = start + Math.floor((i * format.rate) / 8000) * stride;
        out[i] = pcm ? toMulaw(file.readInt16LE(place)) : file.readUInt8(place);
      }
      return out;
    }
    at = start + size + (size % 2);
  }
  return null;
};

/** How long text takes to be read aloud, and a voice-like hum of that length: the carrier's <Say> has no words here, only sound. */
export const hum = (text: string): Uint8Array => {
  const samples = Math.max(2400, text.trim().length * 55 * 8);
  return Uint8Array.from({ length: samples }, (_, i) => {
    const syllable = 0.25 + 0.75 * Math.abs(Math.sin((Math.PI * i) / 2000));
    return toMulaw(Math.round(7000 * syllable * Math.sin((2 * Math.PI * 170 * i) / 8000)));
  });
};
