// The agent's audio between its socket and outbound.ts: the barge-in gate, the carrier's format, and the pauses between utterances.
import type { AudioFormat } from '#audio/formats.ts';
import { transcoder, type Transcoder } from '#audio/transcoder.ts';
import type { Metrics } from './metrics.ts';
import type { Outbound } from './outbound.ts';
import type { CarrierLeg } from './ports.ts';

export interface AgentAudio {
  /** The agent's own words about its format, with which each conversation begins; before it, nothing can be played. */
  format(format: AudioFormat): void;
  /** False when the audio is older than an interruption, or comes too late to be said: it was dropped. */
  play(base64: Buffer, eventId: number | null): boolean;
  /** The caller talks over the agent. Returns the position up to which the caller heard. */
  interrupt(eventId: number | null): number;
  /** What was held back goes out: the utterance is over, or nothing more will come. */
  flush(): void;
  /** Says our own words, after what is queued. */
  say(bytes: Uint8Array): void;
  /** From now on nothing of the agent's is played; what is queued stays. */
  mute(): void;
  close(): void;
}

export const agentAudio = (leg: CarrierLeg, out: Outbound, idleMs: number, metrics: Metrics, ms: () => number): AgentAudio => {
  let change: Transcoder | undefined;
  /** Audio with an event id strictly below this was made before the latest interruption. */
  let gate = -Infinity;
  let muted = false;
  let idle: NodeJS.Timeout | undefined;
  let lastAudio = 0;

  const flush = (): void => {
    clearTimeout(idle);
    idle = undefined;
    const rest = change?.flush();
    if (rest && rest.length > 0) out.audio(rest);
    out.settle();
  };
  /** One timer at a time, moved on when it fires too early: setting one for each frame would cost more than the frame. */
  const watchIdle = (): void => {
    lastAudio = ms();
    if (idle) return;
    const fire = (): void => {
      // To a carrier that is sent its audio as it plays it, a pause of the agent's is none while there is more to be said: filling up with
      // silence would tear a word apart.
      const ahead = leg.cutting.pace ? out.remainingMs() - idleMs : 0;
      const left = Math.max(ahead, idleMs - (ms() - lastAudio));
      if (left > 1) idle = setTimeout(fire, left);
      else flush();
    };
    idle = setTimeout(fire, idleMs);
  };

  return {
    format: (format) => {
      change = transcoder(format, leg.shape);
      // Another conversation counts its events from the beginning.
      gate = -Infinity;
    },
    play: (base64, eventId) => {
      // Strictly older only: an answer may carry the very id of the interruption that it answers.
      if (eventId !== null && eventId < gate) {
        metrics.count('stale_audio_dropped');
        return false;
      }
      if (muted || !change || base64.length === 0) return false;
      metrics.count('audio_from_agent');
      if (change.passesThrough) out.base64(base64);
      else out.audio(change.push(Buffer.from(base64.toString('latin1'), 'base64')));
      watchIdle();
      return true;
    },
    interrupt: (eventId) => {
      if (eventId !== null) gate = Math.max(gate, eventId);
      clearTimeout(idle);
      idle = undefined;
      change?.reset();
      metrics.count('interruptions');
      // Also when everything was sent long ago: the carrier may still be playing it.
      return out.clear();
    },
    flush,
    say: (bytes) => {
      flush();
      out.audio(bytes);
      out.settle();
    },
    mute: () => {
      muted = true;
    },
    close: () => {
      muted = true;
      clearTimeout(idle);
      idle = undefined;
    },
  };
};
