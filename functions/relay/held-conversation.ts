// A conversation that was opened while the phone still rings: keeps what the agent says until somebody takes it, and keeps the agent waiting.
// Made by ringing.ts, taken by a bridge.
import { bytesPerMs, parseFormat, silence } from '#audio/formats.ts';
import type { AgentMessage } from '#agent/codec.ts';
import type { Conversation, ConversationHandlers } from '#agent/conversation.ts';
import { decodedLength } from '#house/spans.ts';
import type { RelayOptions } from './options.ts';

/** Why it is of no use at the answer: what the agent says by then must be its first words, and nothing but them. */
export type Spoiled = 'interrupted' | 'used-a-tool' | 'heard-somebody' | 'spoke-again' | 'spoke-too-long' | 'format-unsupported' | 'queue-timeout' | 'error' | 'closed';

export interface HeldConversation {
  /**
   * Once, and only while it is good. The handlers hear what was kept, in its order, as soon as the caller of this has returned; and then
   * whatever comes.
   */
  take(handlers: ConversationHandlers): Conversation | undefined;
  close(): void;
  /** ElevenLabs' id of it, once that is known. */
  readonly conversationId: string | undefined;
}

type HeldOptions = Pick<RelayOptions, 'heldBeatMs' | 'mostHeldAudioMs'>;

/** `user_activity` with every sixth piece of silence: each 3 s. An agent's turn_timeout is 7 s unless somebody shortened it. */
const BEATS_PER_STIR = 6;
/** Beside the audio's own limit: messages without any audio in them cost memory, too. */
const MOST_KEPT = 4000;
/** Audio that comes before the metadata is measured as if it were mu-law: too long rather than too short. */
const UNKNOWN_BYTES_PER_MS = 8;

type Told = (to: ConversationHandlers) => void;

/** `open` begins it; `spoiled` is told once, at most, and the conversation is closed by then. */
export const holdConversation = (open: (handlers: ConversationHandlers) => Conversation, spoiled: (why: Spoiled) => void, options: HeldOptions): HeldConversation => {
  let kept: Told[] = [];
  let keptAudioMs = 0;
  let perMs = UNKNOWN_BYTES_PER_MS;
  let firstWords: string | undefined;
  let conversationId: string | undefined;
  let taker: ConversationHandlers | undefined;
  /** What was kept has reached the taker. */
  let live = false;
  let over = false;
  let beat: NodeJS.Timeout | undefined;

  const close = (): void => {
    over = true;
    kept = [];
    clearInterval(beat);
    conversation.close();
  };
  const spoil = (why: Spoiled): void => {
    if (over) return;
    close();
    spoiled(why);
  };
  /** Silence in real time: a minute without any input would be the end of it (1002). */
  const keepWaiting = (inputFormat: string | null): void => {
    const hears = parseFormat(inputFormat ?? 'pcm_16000');
    if (!hears) return spoil('format-unsupported');
    const quiet = Buffer.from(Buffer.from(silence(hears, options.heldBeatMs)).toString('base64'), 'latin1');
    let beats = 0;
    clearInterval(beat);
    beat = setInterval(() => {
      conversation.audio(quiet);
      if (++beats % BEATS_PER_STIR === 0) conversation.stir();
    }, options.heldBeatMs);
  };
  const keep = (message: AgentMessage): void => {
    if (kept.length >= MOST_KEPT) return spoil('spoke-too-long');
    kept.push((to) => to.message(message));
  };
  const hear = (message: AgentMessage): void => {
    switch (message.type) {
      case 'metadata': {
        const speaks = parseFormat(message.outputFormat ?? message.inputFormat ?? 'pcm_16000');
        if (!speaks) return spoil('format-unsupported');
        conversationId = message.conversationId;
        perMs = bytesPerMs(speaks);
        keep(message);
        return keepWaiting(message.inputFormat ?? message.outputFormat);
      }
      case 'audio':
        keptAudioMs += decodedLength(message.base64) / perMs;
        if (keptAudioMs > options.mostHeldAudioMs) return spoil('spoke-too-long');
        // A copy: the view would hold the socket's whole buffer.
        return keep({ ...message, base64: Buffer.from(message.base64) });
      case 'agent-says':
        // Told twice is said once; other words are another turn: it prompts into the ringing.
        if (firstWords !== undefined && firstWords !== message.text) return spoil('spoke-again');
        firstWords = message.text;
        return keep(message);
      case 'queue': return message.status === 'timed_out' ? spoil('queue-timeout') : keep(message);
      case 'interruption': case 'agent-said': return spoil('interrupted');
      case 'caller-said': return spoil('heard-somebody');
      case 'tool-call': case 'tool-used': return spoil('used-a-tool');
      case 'error': return spoil('error');
      // Pings were answered; the rest is nobody's.
      case 'ping': case 'other': return undefined;
    }
  };
  const pass = (told: Told): void => {
    if (!taker || !live) kept.push(told);
    else told(taker);
  };

  const conversation = open({
    audio: { takes: (base64, eventId) => live && !over && taker?.audio !== undefined && taker.audio.takes(base64, eventId) },
    message: (message) => {
      if (over) return;
      if (taker) pass((to) => to.message(message));
      else hear(message);
    },
    closed: (end) => {
      if (over) return;
      if (taker) pass((to) => to.closed(end));
      else spoil('closed');
    },
  });

  return {
    take: (handlers) => {
      if (over || taker) return undefined;
      taker = handlers;
      clearInterval(beat);
      // Not before whoever takes it has it in hand; and before anything else can come from its socket.
      queueMicrotask(() => {
        live = true;
        // The first may end the talk, which empties it: nobody hears the others then.
        for (let told = kept.shift(); told; told = kept.shift()) told(handlers);
      });
      return {
        audio: (base64) => conversation.audio(base64),
        answerTool: (id, result, isError) => conversation.answerTool(id, result, isError),
        tell: (text) => conversation.tell(text),
        stir: () => conversation.stir(),
        close,
        waitingBytes: () => conversation.waitingBytes(),
      };
    },
    close,
    get conversationId() {
      return conversationId;
    },
  };
};
