/** The clips and the simulated services' inspection pages read and write WAV with these two: mono, 16 bits, any rate. */

/** WAV bytes to samples. Throws RangeError when it is not mono 16-bit PCM. */
export const parseWav = (bytes: Uint8Array): { rateHz: number; pcm: Int16Array } => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new RangeError('not a WAV file');
  let rateHz = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === 'fmt ') {
      const [kind, channels, bits] = [view.getUint16(body, true), view.getUint16(body + 2, true), view.getUint16(body + 14, true)];
      if (kind !== 1 || channels !== 1 || bits !== 16) throw new RangeError('WAV is not mono 16-bit PCM');
      rateHz = view.getUint32(body + 4, true);
    }
    if (tag(at) === 'data') {
      const count = Math.min(size, bytes.length - body) >> 1;
      const pcm = new Int16Array(count);
      for (let i = 0; i < count; i++) pcm[i] = view.getInt16(body + 2 * i, true);
      if (rateHz === 0) throw new RangeError('WAV has its data before its format');
      return { rateHz, pcm };
    }
    at = body + size + (size & 1);
  }
  throw new RangeError('WAV has no data');
};

/** Samples to a WAV file's bytes. */
export const wavOf = (pcm: Int16Array, rateHz: number): Buffer => {
  const out = Buffer.alloc(44 + 2 * pcm.length);
  out.write('RIFF', 0, 'latin1');
  out.writeUInt32LE(36 + 2 * pcm.length, 4);
  out.write('WAVEfmt ', 8, 'latin1');
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(1, 22);
  out.writeUInt32LE(rateHz, 24);
  out.writeUInt32LE(2 * rateHz, 28);
  out.writeUInt16LE(2, 32);
  out.writeUInt16LE(16, 34);
  out.write('data', 36, 'latin1');
  out.writeUInt32LE(2 * pcm.length, 40);
  for (let i = 0; i < pcm.length; i++) out.writeInt16LE(pcm[i] ?? 0, 44 + 2 * i);
  return out;
};
