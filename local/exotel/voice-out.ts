// The caller's voice on its way to the customer: 20 ms frames of the line become chunks at the stream's rate. One for each stream.
import { decodeMulaw } from '#local/people/mulaw.ts';
import { resampler } from '#local/speech/resample.ts';

/**
 * `send` gets a chunk's number from 1, its stamp and its PCM16LE, which is only good until it returns. The stamp is that of the chunk's end:
 * the second chunk of 100 ms says 200, as in recorded traffic.
 */
export const createVoiceOut = (rateHz: number, chunkMs: number, send: (chunk: number, atMs: number, audio: Uint8Array) => void): ((said: Uint8Array) => void) => {
  const upwards = resampler(8000, rateHz);
  const chunk = Buffer.alloc((rateHz * 2 * chunkMs) / 1000);
  let filled = 0;
  let chunks = 0;
  return (said) => {
    for (const sample of upwards.push(decodeMulaw(said))) {
      filled = chunk.writeInt16LE(sample, filled);
      if (filled < chunk.length) continue;
      filled = 0;
      chunks += 1;
      send(chunks, chunks * chunkMs, chunk);
    }
  };
};
