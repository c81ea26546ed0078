// The caller's audio on its way to the agent: kept until the agent is ready, in its format, in order; gaps are counted. One for each bridge.
import { bytesPerMs, type AudioFormat, type AudioShape } from '#audio/formats.ts';
import { transcoder, type Transcoder } from '#audio/transcoder.ts';
import { decodedLength } from '#house/spans.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';

export interface CallerAudio {
  /** A frame from the carrier; may be a view of the socket's buffer. */
  frame(payload: Buffer, chunk: number | null): void;
  /** The agent said which format it wants. What was kept follows at once. */
  ready(format: AudioFormat): void;
  /** The agent does not listen for now (its queue says `waiting`), or does again. */
  hold(): void;
  resume(): void;
}

/** Messages between two looks at how much waits: 160 ms of Twilio's, a hundredth of what may. */
const LOOK_EVERY = 8;

type Sink = { audio(base64: Buffer): void; waitingBytes(): number };

export const callerAudio = (shape: AudioShape, sink: Sink, options: Pick<RelayOptions, 'callerKeptMs' | 'agentChunkMs' | 'mostAgentSocketBytes'>, metrics: Metrics): CallerAudio => {
  const mostKept = options.callerKeptMs * bytesPerMs(shape);
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let change: Transcoder | undefined;
  let listening = false;
  let lastChunk: number | null = null;
  /** Bytes in the agent's format that make one message; 1 where each frame is one. */
  let chunkBytes = 1;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let sent = 0;
  /** The agent's socket holds too much. */
  let full = false;

  const send = (base64: Buffer): void => {
    if (full || sent++ % LOOK_EVERY === 0) {
      const waiting = sink.waitingBytes();
      metrics.peak('agent_socket_bytes', waiting);
      full = waiting > options.mostAgentSocketBytes;
    }
    if (full) {
      metrics.count('caller_audio_dropped');
      return;
    }
    sink.audio(base64);
    metrics.count('frames_to_agent');
  };
  const pass = (payload: Buffer): void => {
    if (change!.passesThrough && chunkBytes === 1) return send(payload);
    const bytes = change!.push(Buffer.from(payload.toString('latin1'), 'base64'));
    if (bytes.length === 0) return;
    gathered.push(bytes);
    gatheredBytes += bytes.length;
    if (gatheredBytes < chunkBytes) return;
    send(Buffer.from(Buffer.concat(gathered, gatheredBytes).toString('base64'), 'latin1'));
    gathered = [];
    gatheredBytes = 0;
  };
  const keep = (payload: Buffer): void => {
    // A copy: the view would hold the socket's whole buffer, and may be written over.
    const copy = Buffer.from(payload);
    kept.push(copy);
    keptBytes += decodedLength(copy);
    while (keptBytes > mostKept && kept.length > 1) {
      keptBytes -= decodedLength(kept.shift()!);
      metrics.count('caller_audio_dropped');
    }
  };
  const resume = (): void => {
    if (!change) return;
    listening = true;
    const early = kept;
    kept = [];
    keptBytes = 0;
    for (const payload of early) pass(payload);
  };

  return {
    frame: (payload, chunk) => {
      metrics.count('frames_from_carrier');
      if (chunk !== null) {
        if (lastChunk !== null && chunk > lastChunk + 1) metrics.count('gap_frames', chunk - lastChunk - 1);
        if (lastChunk !== null && chunk <= lastChunk) metrics.count('late_frames');
        else lastChunk = chunk;
      }
      if (payload.length === 0) return;
      if (listening) pass(payload);
      else keep(payload);
    },
    ready: (format) => {
      change = transcoder(shape, format);
      // Twilio's frames are 20 ms: at that setting nothing is gathered.
      chunkBytes = options.agentChunkMs <= 20 ? 1 : Math.floor(options.agentChunkMs * bytesPerMs(format));
      resume();
    },
    hold: () => {
      listening = false;
    },
    resume,
  };
};
