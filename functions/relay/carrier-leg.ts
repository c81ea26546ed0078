// A carrier leg out of a transport and a codec: the one place where the house's words become a carrier's frames. Made by admission.ts.
import { bytesPerMs } from '#audio/formats.ts';
import type { StreamCodec, StreamStart, StreamWriter } from '#carriers/stream.ts';
import type { CarrierLeg, Transport } from './ports.ts';

/** More than one task sends on one stream. */
const FRAMES_PER_TASK = 100_000;

/** A class: each frame to the caller passes here. */
class StreamLeg implements CarrierLeg {
  readonly carrier: CarrierLeg['carrier'];
  readonly streamSid: string;
  readonly callSid: string;
  readonly shape: CarrierLeg['shape'];
  readonly cutting: CarrierLeg['cutting'];
  readonly reopens: boolean;
  readonly #transport: Transport;
  readonly #write: StreamWriter;
  readonly #joined: ReturnType<NonNullable<Transport['joins']>> | undefined;

  constructor(transport: Transport, codec: StreamCodec, { streamSid, callSid, shape }: StreamStart, takeovers: number) {
    this.carrier = codec.carrier;
    this.streamSid = streamSid;
    this.callSid = callSid;
    this.shape = shape;
    this.cutting = codec.cutting(shape);
    this.reopens = codec.reopens;
    this.#transport = transport;
    this.#write = codec.writer(streamSid, shape, takeovers * FRAMES_PER_TASK);
    this.#joined = transport.joins?.(this.#write, bytesPerMs(shape));
  }

  media(base64: Buffer): void {
    if (this.#joined) return this.#joined.media(base64);
    this.#transport.sendParts(this.#write.before(base64), base64, this.#write.after);
  }

  mark(name: string): void {
    if (this.#joined) return this.#joined.mark(name);
    this.#transport.send(this.#write.mark(name));
  }

  clear(): void {
    if (this.#joined) return this.#joined.clear();
    this.#transport.send(this.#write.clear());
  }

  close(code: number, reason: string): void {
    this.#transport.close(code, reason);
  }

  waitingBytes(): number {
    return this.#transport.waitingBytes();
  }
}

/** `takeovers`: how often the stream changed hands before; a carrier that wants its frames counted sees the count go on. */
export const carrierLeg = (transport: Transport, codec: StreamCodec, start: StreamStart, takeovers = 0): CarrierLeg => new StreamLeg(transport, codec, start, takeovers);
