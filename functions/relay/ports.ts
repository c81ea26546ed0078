// What the bridge needs from the outside: a carrier leg, an agent, somewhere to record. Transports, main.ts and tests provide them.
import type { AudioShape } from '#audio/formats.ts';
import type { Conversation, ConversationHandlers } from '#agent/conversation.ts';
import type { Opening } from '#agent/codec.ts';
import type { Tools } from '#agent/tools.ts';
import type { CallbackAsk, Said } from '#calls/ask-callback.ts';
import type { CallEvent, CallRecord, Turn } from '#calls/call.ts';
import type { CarrierName, LeadRecord } from '#calls/lead.ts';
import type { People } from '#calls/people-there.ts';
import type { Clock } from '#calls/ports.ts';
import type { StreamCutting, StreamWriter } from '#carriers/stream.ts';
import type { Log } from '#house/log.ts';
import type { CarriedStream } from './gateway-ports.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';
import type { Sentences } from './sentences.ts';

/** How text gets to and from a carrier's media socket: one small file for each way in. Frames arrive through the `StreamInput` that it was given. */
export interface Transport {
  send(text: string): void;
  /** One frame, of three parts. */
  sendParts(before: Buffer, text: Buffer, after: Buffer): void;
  /** Ends the stream; asking twice is fine. */
  close(code: number, reason: string): void;
  /** Bytes that the carrier has not taken yet. */
  waitingBytes(): number;
  /** Where another task may go on with the call: what it would need to know. Called once the stream has its bridge. */
  carries?: ((stream: CarriedStream) => void) | undefined;
  /** Where a frame costs a request: takes the words instead of frames, and writes what may be joined as one. Absent: frame by frame. */
  joins?: ((write: StreamWriter, bytesPerMs: number) => Pick<CarrierLeg, 'media' | 'mark' | 'clear'>) | undefined;
}

/** What a transport calls. */
export interface StreamInput {
  /** `bytes` are good until it returns: they may be read over then. */
  frame(bytes: Buffer): void;
  /** The same for a frame that lies between the two, if it is of the plain kind that is seen at a glance. `false`: it is not, and nothing was done. */
  plain?: (bytes: Buffer, from: number, to: number) => boolean;
  /** The socket is gone; 1006 when it died without a word. Called once, also after our own close. */
  closed(code: number): void;
  /** Whether the caller hears somebody at this moment. */
  speaking(): boolean;
  /** Ends what there is here so that another task can go on; resolves once all is written down. Undefined when there is nothing to hand over. */
  handOver(): Promise<void> | undefined;
}

/** The carrier's side of a bridge, in the words of the house. The bridge does not know which transport or accent is behind it. */
export interface CarrierLeg {
  readonly carrier: CarrierName;
  readonly streamSid: string;
  readonly callSid: string;
  readonly shape: AudioShape;
  readonly cutting: StreamCutting;
  /** False where the call ends with its stream. */
  readonly reopens: boolean;
  media(base64: Buffer): void;
  mark(name: string): void;
  clear(): void;
  close(code: number, reason: string): void;
  waitingBytes(): number;
}

export type RecordEvent = (callId: string, event: CallEvent) => Promise<CallRecord>;

/** Everything that a bridge takes from outside. */
export interface BridgeDeps {
  record: RecordEvent;
  putTurn: (callId: string, turn: Turn) => Promise<void>;
  /** `carrier`: there may be an agent for each, which speaks its format. */
  openAgent: (opening: Promise<Opening> | Opening, handlers: ConversationHandlers, carrier: CarrierName) => Conversation;
  tools: Tools;
  /** Whether a call of this carrier can go on to a person when its stream ends (compose/transfers.ts). Absent: none can. */
  canTransfer?: ((carrier: CarrierName, direction: CallRecord['direction']) => boolean) | undefined;
  /** Whether people are there at this hour to take a call over. Absent: always. */
  peopleThere?: ((now: Date) => People) | undefined;
  sentences: Sentences;
  /** Plans the call that somebody asks for on the line, and says what came of it (calls/ask-callback.ts). Absent: nothing can be planned here. */
  askCallback?: ((callId: string, ask: CallbackAsk) => Promise<Said>) | undefined;
  /** Ends the call by the carrier's REST API; only asked when the end could not be written down. Absent where no credentials are. */
  hangUp?: ((carrier: CarrierName, callSid: string) => Promise<void>) | undefined;
  clock: Clock;
  /** Milliseconds of a clock that never goes back. */
  ms: () => number;
  log: Log;
  metrics: Metrics;
  options: RelayOptions;
}

/** The call that an admitted stream belongs to. */
export interface BridgedCall {
  callId: string;
  /** Grows with each stream of the call and with each takeover: see takeover.ts. */
  epoch: number;
  /** `ms` when the start frame came: what answer-to-first-audio counts from. */
  startedMs: number;
  /** Undefined when the store could not be read: the caller is talked with all the same. */
  call: CallRecord | undefined;
  /** Resolves to undefined when there is none or it could not be read; never rejects. */
  lead: Promise<LeadRecord | undefined>;
  voiceId: string | null;
  /** What was said on earlier streams of the call; undefined on its first. Never rejects. */
  earlier: Promise<readonly Turn[]> | undefined;
}
