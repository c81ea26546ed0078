// One conversation with the agent over one WebSocket: opened by the bridge, which hears of everything through the handlers and of the end once.
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { connectLending, type Lender } from '#house/lent-reads.ts';
import { takesAtOnce } from '#house/text-frame.ts';
import { tapText, type PlainTaker } from '#house/text-tap.ts';
import { conversationAddress, type AgentConfig } from './address.ts';
import { contextualUpdate, opening, pong, readAgentFrame, readAudioQuickly, toolResult, USER_ACTIVITY, writeCallerAudio, type AgentMessage, type Opening } from './codec.ts';
import { AgentUnavailable, faultOfAnswer, refusesAddress, type AgentClose, type AgentError, type AgentFault } from './failure.ts';
import type { ReadyAddresses } from './ready-address.ts';

/** Who takes audio as most of it comes, without alignment: 50 messages a second. `base64` is good until it returns. False: it was not taken, and is a message like any other. */
export interface AudioTaker {
  takes(base64: Buffer, eventId: number | null): boolean;
}

export interface ConversationHandlers {
  /** Every frame but pings, which are answered here. Audio is a view of what was read: good until this returns. */
  message(message: AgentMessage): void;
  /** Is asked first, after the first message. */
  audio?: AudioTaker | undefined;
  /** Once, whatever happened; nothing comes after it. `fault` when it never opened, else the close speaks for itself. */
  closed(end: { fault: AgentFault } | AgentClose): void;
}

export interface Conversation {
  /** Base64 in the agent's input format. Nothing happens before the socket is open or after it closed. */
  audio(base64: Buffer): void;
  answerTool(id: string, result: string, isError: boolean): void;
  tell(text: string): void;
  /** Says that somebody is there, without words: the agent does not prompt into the silence. */
  stir(): void;
  /** Ends it; asking twice is fine. `closed` is not called any more. */
  close(): void;
  /** Bytes that the agent has not taken yet. */
  waitingBytes(): number;
}

export interface ConversationOptions {
  signedUrlMs: number;
  handshakeMs: number;
}

export const conversationDefaults: ConversationOptions = { signedUrlMs: 4000, handshakeMs: 4000 };

/** One message of 1.45 MB was seen; ElevenLabs' own clients allow 16 MB. */
const MOST_FRAME_BYTES = 16 * 1024 * 1024;
/** An answer to our close frame is waited for so long, then the socket is cut. */
const CLOSE_MS = 2000;

/** What audio goes by. A class: each frame to the agent passes here. */
class Line {
  socket: WebSocket | undefined = undefined;
  /** What the socket is made of: audio is written there in one piece. */
  wire: Duplex | undefined = undefined;
  /** Every message is seen before `ws` sees it: no close has come, so what can be written to is open. Else `ws` is asked. */
  tapped = false;
  atOnce = false;

  audio(base64: Buffer): void {
    if (this.wire && (this.tapped ? this.wire.writable : this.socket?.readyState === WebSocket.OPEN)) writeCallerAudio(this.wire, this.atOnce, base64);
  }

  waitingBytes(): number {
    return this.wire?.writableLength ?? 0;
  }
}

/** What comes from one socket. A class: each frame from the agent passes here. */
class Ears implements PlainTaker {
  readonly #audio: AudioTaker | undefined;
  readonly #heard: (message: AgentMessage) => void;
  readonly #givenBack: () => void;
  /** What comes by this socket is the conversation, and nothing but what is said is to be seen to. */
  talking = false;

  constructor(audio: AudioTaker | undefined, heard: (message: AgentMessage) => void, givenBack: () => void) {
    this.#audio = audio;
    this.#heard = heard;
    this.#givenBack = givenBack;
  }

  plain(bytes: Buffer, from: number, to: number): boolean {
    const message = readAudioQuickly(bytes, from, to);
    if (!message) return false;
    if (!this.talking || !this.#audio?.takes(message.base64, message.eventId)) this.#heard(message);
    return true;
  }

  givenBack(): void {
    this.#givenBack();
  }
}

/**
 * Opens it: address, socket, first frame. Returns at once; what comes of it is told to `handlers`. `ready`: addresses asked for ahead of need.
 * One of them that is refused before the agent said anything is replaced by a fresh one, once, and nobody hears of it.
 */
export const openConversation = (
  config: AgentConfig & { ready?: ReadyAddresses | undefined }, first: Promise<Opening> | Opening, handlers: ConversationHandlers, options = conversationDefaults,
): Conversation => {
  const stopped = new AbortController();
  const line = new Line();
  /** Of the socket that there is. */
  let ears: Ears | undefined;
  let opened = false;
  let over = false;
  let queued = false;
  let error: AgentError | undefined;

  const deafen = (): void => {
    if (ears) ears.talking = false;
    ears = undefined;
  };
  const finish = (end: { fault: AgentFault } | AgentClose): void => {
    if (over) return;
    over = true;
    deafen();
    stopped.abort();
    handlers.closed(end);
  };
  const failed = (problem: unknown): void => finish({ fault: problem instanceof AgentUnavailable ? problem.fault : 'agent-unreachable' });
  const send = (frame: string | Buffer): void => {
    if (line.socket?.readyState === WebSocket.OPEN) line.socket.send(frame, { binary: false });
  };
  const ask = (): Promise<string> => conversationAddress(config, options.signedUrlMs, stopped.signal);

  /** `kept`: the address was asked for earlier; until the agent says anything, a refusal may be the address's fault. */
  const connect = (address: string, words: Opening, kept: boolean): void => {
    const lender: Lender = { to: undefined };
    const ws = new WebSocket(address, {
      perMessageDeflate: false, maxPayload: MOST_FRAME_BYTES, handshakeTimeout: options.handshakeMs, followRedirects: false,
      createConnection: connectLending(address.startsWith('wss:'), lender),
    });
    line.socket = ws;
    line.tapped = false;
    opened = false;
    let mayBeAddress = kept;
    const again = (): void => {
      deafen();
      line.socket = undefined;
      line.tapped = false;
      error = undefined;
      ws.terminate();
      config.ready?.refused();
      ask().then((fresh) => over ? undefined : connect(fresh, words, false)).catch(failed);
    };
    const heard = (message: AgentMessage): void => {
      if (over || line.socket !== ws) return;
      if (mayBeAddress && message.type === 'error' && refusesAddress({ code: message.error.code ?? 1008, reason: '', error: message.error })) return again();
      mayBeAddress = false;
      listening.talking = true;
      if (message.type === 'ping') send(pong(message.eventId));
      if (message.type === 'queue') queued = message.status !== 'admitted';
      if (message.type === 'error') error = message.error;
      handlers.message(message);
    };
    const take = (frame: Buffer): void => heard(readAgentFrame(frame));
    const listening = new Ears(handlers.audio, heard, () => {
      if (line.socket === ws) line.tapped = false;
    });
    ears = listening;
    ws.on('upgrade', (response) => {
      line.wire = response.socket;
      line.atOnce = takesAtOnce(response.socket);
    });
    ws.on('open', () => {
      if (line.socket !== ws) return;
      opened = true;
      line.tapped = line.wire !== undefined && tapText(line.wire, false, MOST_FRAME_BYTES, take, lender, listening);
      send(opening(words));
    });
    // ElevenLabs speaks text only.
    ws.on('message', (data: Buffer, isBinary: boolean) => isBinary ? heard({ type: 'other', name: 'binary' }) : take(data));
    ws.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0;
      if (mayBeAddress && !over && (status === 401 || status === 403)) return again();
      finish({ fault: faultOfAnswer(status, undefined) });
      ws.terminate();
    });
    // 'close' always follows; what the error was is in its code.
    ws.on('error', () => {});
    ws.on('close', (code, bytes) => {
      if (over || line.socket !== ws) return;
      const reason = bytes.toString('utf8');
      if (mayBeAddress && opened && refusesAddress({ code, reason, error })) return again();
      finish(opened ? { code, reason, error, opened, queued } : { fault: 'agent-unreachable' });
    });
  };
  const open = async (): Promise<void> => {
    const kept = config.ready?.take();
    const [address, words] = await Promise.all([kept ?? ask(), first]);
    if (!over) connect(address, words, kept !== undefined);
  };
  open().catch(failed);

  return Object.assign(line, {
    answerTool: (id: string, result: string, isError: boolean) => send(toolResult(id, result, isError)),
    tell: (text: string) => send(contextualUpdate(text)),
    stir: () => send(USER_ACTIVITY),
    close: () => {
      over = true;
      deafen();
      stopped.abort();
      line.tapped = false;
      const ws = line.socket;
      if (!ws || ws.readyState === WebSocket.CLOSED) return;
      // Closing while still connecting emits an error and then 'close'; both have handlers.
      ws.close(1000);
      const cut = setTimeout(() => ws.terminate(), CLOSE_MS);
      ws.once('close', () => clearTimeout(cut));
    },
  });
};
