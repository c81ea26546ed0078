// A carrier leg out of a transport and a codec: the one place where the house's words become a carrier's frames. Made by admission.ts.
import type { StreamCodec, StreamStart } from '#carriers/stream.ts';
import type { CarrierLeg, Transport } from './ports.ts';

export const carrierLeg = (transport: Transport, codec: StreamCodec, start: StreamStart): CarrierLeg => {
  const write = codec.writer(start.streamSid, start.shape);
  const words = transport.joins?.(write) ?? {
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
    get waitingBytes() {
      return transport.waitingBytes;
    },
  };
};
