// A carrier's media sockets, as Twilio's: 20 ms of caller audio at a time, and marks given back when what was sent before them has been played. Made
// by load.ts for the direct way.
import { connect } from 'node:net';
import { sealTicket } from '#calls/ticket.ts';
import { audioIn, frame, frameReader, setDigits, textFrame, FRAME_MS, FRAME_NUMBER, payloadOf, type Form } from './frames.ts';

export const SECRET = 'the secret of the bench, long enough';
export const callIdOf = (call: number): string => `call_${String(call).padStart(26, '0')}`;
export const callSidOf = (call: number): string => `CA${String(call).padStart(32, '0')}`;
const streamSidOf = (call: number): string => `MZ${String(call).padStart(32, '0')}`;

/** Numbers of a fixed width, so that a frame's length never changes. */
const SEQUENCE = { first: 1_000_000, digits: 7 };

export const startFrame = (call: number): string => JSON.stringify({
  event: 'start', sequenceNumber: String(SEQUENCE.first), streamSid: streamSidOf(call),
  start: {
    accountSid: 'AC1', streamSid: streamSidOf(call), callSid: callSidOf(call), tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { ticket: sealTicket(SECRET, { callId: callIdOf(call), callSid: callSidOf(call), epoch: 0, expires: Math.floor(Date.now() / 1000) + 3600 }) },
  },
});
const mediaFrame = (call: number): string =>
  `{"event":"media","sequenceNumber":"${SEQUENCE.first}","media":{"track":"inbound","chunk":"${SEQUENCE.first}","timestamp":"${SEQUENCE.first}","payload":"${payloadOf(call)}"},"streamSid":"${streamSidOf(call)}"}`;
const markFrame = (call: number, sequence: number, name: string): string => JSON.stringify({ event: 'mark', sequenceNumber: String(sequence), streamSid: streamSidOf(call), mark: { name } });

export interface CarrierLeg {
  /** Sends the next 20 ms of the caller, and marks that are due. */
  speak(number: number, at: number): void;
  stop(): void;
}

/** What a carrier does with what it is sent, however it comes. */
export const listener = (heard: (call: number, number: number) => void, mark: (name: string) => void) => {
  let playsUntil = 0;
  let marks: { name: string; at: number }[] = [];
  const played = (call: number, number: number): void => {
    playsUntil = Math.max(playsUntil, performance.now()) + FRAME_MS;
    heard(call, number);
  };
  return {
    hear: (bytes: Buffer, start: number, end: number): void => {
      if (audioIn(bytes, start, end, played)) return;
      const message = JSON.parse(bytes.toString('utf8', start, end)) as { event?: string; mark?: { name: string } };
      if (message.event === 'mark') marks.push({ name: message.mark!.name, at: playsUntil });
    },
    /** Gives back what has been reached. */
    look: (at: number): void => {
      while (marks.length > 0 && marks[0]!.at <= at) mark(marks.shift()!.name);
    },
    forget: (): void => {
      marks = [];
    },
  };
};

/** The next frame of a call, as a form: its numbers are set in place. `before`: what stands before the text, where it is not a WebSocket frame. */
export const caller = (call: number, wrap: (text: string) => Form) => {
  const form = wrap(mediaFrame(call));
  const plain = Buffer.from(mediaFrame(call));
  const shift = form.bytes.length - plain.length;
  const sequenceAt = shift + plain.indexOf(String(SEQUENCE.first));
  const chunkAt = shift + plain.indexOf('"chunk":"') + 9;
  const numberAt = shift + plain.indexOf('RINGBACK') + FRAME_NUMBER.at;
  let sequence = SEQUENCE.first;
  return {
    form,
    set: (number: number): void => {
      setDigits(form, sequenceAt, SEQUENCE.digits, ++sequence);
      setDigits(form, chunkAt, SEQUENCE.digits, SEQUENCE.first + number);
      setDigits(form, numberAt, FRAME_NUMBER.digits, number);
    },
    mark: (name: string): string => markFrame(call, ++sequence, name),
  };
};

const asClient = (text: string): Form => {
  const bytes = textFrame(text, true);
  return { bytes, maskedFrom: bytes.length - Buffer.byteLength(text) };
};

/** One for all: each chunk is read before the next comes. */
const incoming = Buffer.allocUnsafeSlow(64 * 1024);

/** Opens a call; resolves when its socket is open and the start frame is out. `lost`: the socket closed before it was asked to. */
export const openCarrier = (port: number, call: number, heard: (call: number, number: number) => void, lost: (call: number) => void): Promise<CarrierLeg> => new Promise((resolve, reject) => {
  const words = caller(call, asClient);
  let open = false;
  let stopped = false;
  const ears = listener(heard, (name) => socket.write(textFrame(words.mark(name), true)));
  const read = frameReader((bytes, start, end) => ears.hear(bytes, start, end), (opcode, payload) => {
    if (opcode === 0x9) socket.write(frame(0xa, Buffer.from(payload), true));
  });
  const leg: CarrierLeg = {
    speak: (number, at) => {
      ears.look(at);
      if (socket.writableLength > 0) words.form.bytes = Buffer.from(words.form.bytes);
      words.set(number);
      socket.write(words.form.bytes);
    },
    stop: () => {
      stopped = true;
      ears.forget();
      socket.destroy();
    },
  };
  const socket = connect({
    port, host: '127.0.0.1', noDelay: true,
    onread: {
      buffer: incoming,
      callback: (count) => {
        if (open) read(incoming.subarray(0, count));
        else {
          const answer = incoming.toString('latin1', 0, count);
          const end = answer.indexOf('\r\n\r\n');
          if (!answer.startsWith('HTTP/1.1 101') || end < 0) {
            reject(new Error(`a stream was refused: ${answer.split('\r\n')[0]}`));
            return true;
          }
          open = true;
          socket.write(textFrame('{"event":"connected","protocol":"Call","version":"1.0.0"}', true));
          socket.write(textFrame(startFrame(call), true));
          resolve(leg);
          if (end + 4 < count) read(incoming.subarray(end + 4, count));
        }
        return true;
      },
    },
  });
  socket.write('GET /twilio HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: cmluZ2JhY2sgYmVuY2ghIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
  socket.on('error', (error) => reject(error));
  socket.on('close', () => {
    if (!stopped) lost(call);
  });
});
