/** A plain client of the public conversation protocol for the tests of the simulated ElevenLabs. */
import { WebSocket } from 'ws';
import { clip } from '#local/speech/clips.ts';
import { toMulaw } from '#local/speech/mulaw.ts';

export type Frame = { type: string; [key: string]: unknown };
export type Close = { code: number; reason: string };

export type Client = {
  frames: Frame[];
  closed: Promise<Close>;
  send(frame: unknown): void;
  raw(data: string | Buffer): void;
  /** The first frame of the type that has not been taken before; rejects when the socket closes first. */
  next(type: string): Promise<Frame>;
  /** Says a clip, followed by 0.7 s of silence, as 20 ms of mu-law each. */
  say(clipName: string): void;
  init(extra?: Record<string, unknown>): void;
  /** All audio taken so far, joined, by event id. */
  audio(eventId: number): Buffer;
  end(): void;
};

type AudioEvent = { audio_base_64: string; event_id: number };
export const audioOf = (frame: Frame): AudioEvent => frame['audio_event'] as AudioEvent;
const eventIdOf = (frame: Frame, key: string): number => (frame[key] as { event_id: number }).event_id;
export const interruptionId = (frame: Frame): number => eventIdOf(frame, 'interruption_event');
export const responseOf = (frame: Frame): { agent_response: string; event_id: number } => frame['agent_response_event'] as { agent_response: string; event_id: number };
export const transcriptOf = (frame: Frame): string => (frame['user_transcription_event'] as { user_transcript: string }).user_transcript;
export const metadataOf = (frame: Frame): Record<string, string> => frame['conversation_initiation_metadata_event'] as Record<string, string>;
export const toolOf = (frame: Frame): { tool_name: string; tool_call_id: string } => frame['client_tool_call'] as { tool_name: string; tool_call_id: string };

/** Connects; answers pings unless told otherwise. */
export const connect = async (address: string, { headers = {}, pong = true }: { headers?: Record<string, string>; pong?: boolean } = {}): Promise<Client> => {
  const socket = new WebSocket(address, { headers, perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 });
  const frames: Frame[] = [];
  const taken = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let close: Close | undefined;
  const wake = (): void => waiting.splice(0).forEach((go) => go());
  const closed = new Promise<Close>((resolve) => {
    socket.on('close', (code, reason) => {
      close = { code, reason: reason.toString() };
      resolve(close);
      wake();
    });
  });
  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    frames.push(frame);
    if (frame.type === 'ping' && pong) send({ type: 'pong', event_id: eventIdOf(frame, 'ping_event') });
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });

  const next = async (type: string): Promise<Frame> => {
    for (;;) {
      const all = frames.filter((frame) => frame.type === type);
      const count = taken.get(type) ?? 0;
      const frame = all[count];
      if (frame) {
        taken.set(type, count + 1);
        return frame;
      }
      if (close) throw new Error(`closed with ${close.code} ${close.reason} before ${type} came`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const say = (clipName: string): void => {
    const pcm = clip(clipName).pcm;
    const sound = new Int16Array(pcm.length + 5600);
    sound.set(pcm);
    for (let at = 0; at < sound.length; at += 160) send({ user_audio_chunk: Buffer.from(toMulaw(sound.subarray(at, at + 160))).toString('base64') });
  };
  return {
    frames, closed, send, next, say,
    raw: (data) => socket.send(data),
    init: (extra = {}) => send({ type: 'conversation_initiation_client_data', ...extra }),
    audio: (eventId) => Buffer.concat(frames.filter((frame) => frame.type === 'audio' && audioOf(frame).event_id === eventId).map((frame) => Buffer.from(audioOf(frame).audio_base_64, 'base64'))),
    end: () => socket.close(1000),
  };
};
