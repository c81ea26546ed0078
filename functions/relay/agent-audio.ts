// The agent's audio between its socket and outbound.ts: the barge-in gate, the carrier's format, and the pauses between utterances.
import type { AudioTaker } from '#agent/conversation.ts';
import type { AudioFormat } from '#audio/formats.ts';
import { transcoder, type Transcoder } from '#audio/transcoder.ts';
import type { Counter, Metrics } from './metrics.ts';
import type { Outbound } from './outbound.ts';
import type { CarrierLeg } from './ports.ts';

export interface AgentAudio extends AudioTaker {
  /** Takes audio as it comes, while it goes straight to the caller: `play` without anybody who has to know of each piece. */
  takes(base64: Buffer, eventId: number | null): boolean;
  /** Whether it does from now on: nothing waits for the agent to speak. */
  straight(on: boolean): void;
  /** When the agent's audio last came, `ms`; 0 when it never did. */
  lastMs(): number;
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

/** What every piece asks for stands first, so that it lies together. */
class GatedAudio implements AgentAudio {
  #straight = false;
  #muted = false;
  readonly #ms: () => number;
  #lastAudio = 0;
  /** Audio with an event id strictly below this was made before the latest interruption. */
  #gate: number | undefined = undefined;
  #change: Transcoder | undefined = undefined;
  readonly #played: Counter;
  readonly #out: Outbound;
  #idle: NodeJS.Timeout | undefined = undefined;
  readonly #leg: CarrierLeg;
  readonly #idleMs: number;
  readonly #metrics: Metrics;

  constructor(leg: CarrierLeg, out: Outbound, idleMs: number, metrics: Metrics, ms: () => number) {
    this.#leg = leg;
    this.#out = out;
    this.#idleMs = idleMs;
    this.#metrics = metrics;
    this.#played = metrics.counter('audio_from_agent');
    this.#ms = ms;
  }

  #stopIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
  }

  /** One timer at a time, moved on when it fires too early: setting one for each frame would cost more than the frame. */
  #watchIdle(): void {
    if (!this.#idle) this.#idle = setTimeout(() => this.#idled(), this.#idleMs);
  }

  #idled(): void {
    // To a carrier that is sent its audio as it plays it, a pause of the agent's is none while there is more to be said: filling up with
    // silence would tear a word apart.
    const ahead = this.#leg.cutting.pace ? this.#out.remainingMs() - this.#idleMs : 0;
    const left = Math.max(ahead, this.#idleMs - (this.#ms() - this.#lastAudio));
    if (left > 1) this.#idle = setTimeout(() => this.#idled(), left);
    else this.flush();
  }

  format(format: AudioFormat): void {
    this.#change = transcoder(format, this.#leg.shape);
    // Another conversation counts its events from the beginning.
    this.#gate = undefined;
  }

  takes(base64: Buffer, eventId: number | null): boolean {
    if (!this.#straight) return false;
    this.play(base64, eventId);
    return true;
  }

  straight(on: boolean): void {
    this.#straight = on;
  }

  lastMs(): number {
    return this.#lastAudio;
  }

  play(base64: Buffer, eventId: number | null): boolean {
    this.#lastAudio = this.#ms();
    // Strictly older only: an answer may carry the very id of the interruption that it answers.
    if (eventId !== null && this.#gate !== undefined && eventId < this.#gate) {
      this.#metrics.count('stale_audio_dropped');
      return false;
    }
    if (this.#muted || !this.#change || base64.length === 0) return false;
    this.#played.value++;
    if (this.#change.passesThrough) this.#out.base64(base64);
    else this.#out.audio(this.#change.push(Buffer.from(base64.toString('latin1'), 'base64')));
    this.#watchIdle();
    return true;
  }

  interrupt(eventId: number | null): number {
    if (eventId !== null) this.#gate = Math.max(this.#gate ?? eventId, eventId);
    this.#stopIdle();
    this.#change?.reset();
    this.#metrics.count('interruptions');
    // Also when everything was sent long ago: the carrier may still be playing it.
    return this.#out.clear();
  }

  flush(): void {
    this.#stopIdle();
    const rest = this.#change?.flush();
    if (rest && rest.length > 0) this.#out.audio(rest);
    this.#out.settle();
  }

  say(bytes: Uint8Array): void {
    this.flush();
    this.#out.audio(bytes);
    this.#out.settle();
  }

  mute(): void {
    this.#muted = true;
  }

  close(): void {
    this.#muted = true;
    this.#straight = false;
    this.#stopIdle();
  }
}

export const agentAudio = (leg: CarrierLeg, out: Outbound, idleMs: number, metrics: Metrics, ms: () => number): AgentAudio =>
  new GatedAudio(leg, out, idleMs, metrics, ms);
