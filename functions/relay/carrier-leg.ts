// A carrier leg out of a transport and a codec: the one place where the house's words become a carrier's frames. Made by admission.ts.
import { bytesPerMs } from '#audio/formats.ts';
import type { StreamCodec, StreamStart } from '#carriers/stream.ts';
import type { CarrierLeg, Transport } from './ports.ts';

/** More than one task sends on one stream. */
const FRAMES_PER_TASK = 100_000;

/** `takeovers`: how often the stream changed hands before; a carrier that wants its frames counted sees the count go on. */
export const carrierLeg = (transport: Transport, codec: StreamCodec, start: StreamStart, takeovers = 0): CarrierLeg => {
  const write = codec.writer(start.streamSid, start.shape, takeovers * FRAMES_PER_TASK);
  const words = transport.joins?.(write, bytesPerMs(start.shape)) ?? {
    media: (base64: Buffer) => transport.send(write.media(base64)),
    mark: (name: string) => transport.send(write.mark(name)),
    clear: () => transport.send(write.clear()),
  };
  return {
    carrier: codec.carrier,
    streamSid: start.streamSid,
    callSid: start.callSid,
    shape: start.shape,
    cutting: codec.cutting(start.shape),
    reopens: codec.reopens,
    ...words,
    close: (code, reason) => transport.close(code, reason),
    waitingBytes: () => transport.waitingBytes(),
  };
};
