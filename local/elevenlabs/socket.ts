/** One conversation's WebSocket at the simulated ElevenLabs: the first frame, the queue, pings, the frames in between, the end. */
import type { WebSocket } from 'ws';
import { viewOf, type AgentView } from './agents.ts';
import { failure, invalidMessage, queueTimedOut, quotaExceeded, type Ending } from './errors.ts';
import { readInit, type Accepted } from './init.ts';
import { at, isObject, numberAt, objectAt, parseJson, textAt, type JsonObject } from './json.ts';
import type { Durations } from './options.ts';
import type { Places } from './queue.ts';
import type { Conversation } from './record.ts';
import { calledNumber, storyOf } from './stories.ts';
import { talk, type Talk } from './turns.ts';

type SocketDeps = {
  conversation: Conversation;
  storedAgent: JsonObject;
  places: Places;
  durations: Durations;
  /** Whether the options set the turn time-out, which then beats the agent's. */
  turnTimeoutMs: number | undefined;
  pace: number;
  chunkMs: readonly number[];
  /** Called once, when the socket is closed by whichever side. */
  ended: () => void;
};

/** Sent whatever the agent's client_events say: neither is an event that one can list. */
const UNLISTED = new Set(['error', 'queue_status']);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;
/** A close frame holds 123 bytes of reason. */
const fitting = (reason: string): string => Buffer.from(reason).subarray(0, 123).toString('utf8').replace(/\uFFFD$/u, '');

/** Runs the protocol on an authorised socket until it closes. */
export const converse = (socket: WebSocket, deps: SocketDeps): void => {
  const { conversation, durations, pace, places } = deps;
  let agent: AgentView = viewOf(conversation.agentId, deps.storedAgent);
  let state: 'waiting-for-init' | 'starting' | 'queued' | 'live' | 'closed' = 'waiting-for-init';
  let talking: Talk | undefined;
  let hasPlace = false;
  let leaveLine: (() => void) | undefined;
  /** Frames that came after the first one and before its metadata went out. */
  const early: JsonObject[] = [];
  let pings = 0;
  const unanswered = new Map<number, number>();
  const timers = new Set<NodeJS.Timeout>();
  let inputTimer: NodeJS.Timeout | undefined;

  const after = (ms: number, act: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms / pace);
    timers.add(timer);
    return timer;
  };

  const send = (frame: JsonObject): void => {
    const type = textAt(frame, 'type') ?? '';
    if (state !== 'closed' && (UNLISTED.has(type) || agent.clientEvents.has(type))) socket.send(JSON.stringify(frame));
  };

  const over = (by: 'client' | 'server', code: number, reason: string, terminationReason: string): void => {
    if (state === 'closed') return;
    state = 'closed';
    for (const timer of timers) clearTimeout(timer);
    clearTimeout(inputTimer);
    talking?.stop();
    leaveLine?.();
    if (hasPlace) places.leave();
    conversation.close = { by, code, reason };
    conversation.terminationReason = terminationReason;
    conversation.endedMs = Date.now();
    deps.ended();
  };

  const close = (ending: Ending, terminationReason: string = ending.reason): void => {
    if (state === 'closed') return;
    if (ending.frame) send(ending.frame);
    over('server', ending.code, ending.reason, terminationReason);
    socket.close(ending.code, fitting(ending.reason));
  };

  const inputCame = (): void => {
    clearTimeout(inputTimer);
    inputTimer = setTimeout(() => close(failure(1002, 'transport_receive_timeout', 'No user input was received for too long.')), durations.inputWaitMs / pace);
  };

  const ping = (): void => {
    const nowMs = performance.now();
    const oldest = Math.min(...unanswered.values());
    if (agent.clientEvents.has('ping') && nowMs - oldest > durations.pongWaitMs / pace) return close(failure(1002, 'asyncio_timeout', 'No pong was received for too long.'));
    const id = pings++;
    if (agent.clientEvents.has('ping')) unanswered.set(id, nowMs);
    // The first id is 0, which a careless client takes for none.
    send({ type: 'ping', ping_event: { event_id: id, ping_ms: id === 0 ? null : 40 } });
    after(durations.pingMs, ping);
  };

  const live = (accepted: Accepted): void => {
    state = 'live';
    conversation.status = 'in-progress';
    conversation.acceptedMs = Date.now();
    const own = deps.turnTimeoutMs === undefined ? agent : { ...agent, turnTimeoutMs: deps.turnTimeoutMs };
    talking = talk({ conversation, agent: own, durations, pace, chunkMs: deps.chunkMs, send, close });
    talking.begin(accepted.firstMessage, accepted.firstMessageOverridden);
    for (const frame of early.splice(0)) take(frame);
  };

  const queueUp = (accepted: Accepted): void => {
    if (!agent.queueing.enabled) return close(queueTimedOut);
    state = 'queued';
    send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
    const timeout = after(agent.queueing.waitMs, () => {
      send({ type: 'queue_status', queue_status_event: { status: 'timed_out' } });
      close(queueTimedOut);
    });
    leaveLine = places.wait(() => {
      clearTimeout(timeout);
      leaveLine = undefined;
      hasPlace = true;
      send({ type: 'queue_status', queue_status_event: { status: 'admitted' } });
      live(accepted);
    });
  };

  const start = (init: JsonObject): void => {
    clearTimeout(initTimer);
    state = 'starting';
    conversation.clientData = { conversation_config_override: objectAt(init, 'conversation_config_override'), dynamic_variables: objectAt(init, 'dynamic_variables'), user_id: init['user_id'] ?? null };
    conversation.story = storyOf(calledNumber(init['dynamic_variables']));
    const read = readInit(conversation.agentId, deps.storedAgent, init, conversation.id);
    agent = read.agent;
    conversation.formats = { input: agent.inputFormat, output: agent.outputFormat };
    const { kind } = conversation.story;
    const welcome = (): void => {
      // Metadata comes before any refusal: having it does not mean being accepted.
      const formats = { agent_output_audio_format: agent.outputFormat, user_input_audio_format: agent.inputFormat };
      send({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: conversation.id, ...formats } });
      ping();
      inputCame();
      if ('refused' in read) return void after(90, () => close(read.refused));
      if (kind === 'quota-exceeded') return void after(90, () => close(quotaExceeded));
      hasPlace = places.enter();
      if (hasPlace) live(read);
      else queueUp(read);
    };
    if (kind === 'slow') after(durations.slowMs, welcome);
    else welcome();
  };

  const typed = (frame: JsonObject, type: string): void => {
    if (type === 'pong') {
      const id = numberAt(frame, 'event_id');
      if (id === undefined) return close(invalidMessage('pong needs an event_id.'));
      for (const sent of unanswered.keys()) if (sent <= id) unanswered.delete(sent);
      return;
    }
    if (type === 'conversation_initiation_client_data') return state === 'waiting-for-init' ? start(frame) : close(invalidMessage('conversation_initiation_client_data was sent twice.'));
    if (state === 'waiting-for-init') return close(invalidMessage('conversation_initiation_client_data must come first.'));
    if (type === 'client_tool_result') {
      const [id, result] = [textAt(frame, 'tool_call_id'), at(frame, 'result')];
      if (id === undefined || typeof result !== 'string') return close(invalidMessage('client_tool_result needs tool_call_id and result, both strings.'));
      talking?.toolResult(id, result, at(frame, 'is_error') === true);
    } else if (type === 'user_message') {
      inputCame();
      talking?.words(textAt(frame, 'text') ?? '');
    } else if (type === 'user_activity') talking?.activity();
    else if (!['contextual_update', 'feedback', 'mcp_tool_approval_result', 'multimodal_message'].includes(type)) close(invalidMessage(`Unknown message type '${type}'.`));
  };

  const audioIn = (chunk: unknown): void => {
    if (typeof chunk !== 'string' || !BASE64.test(chunk)) return close(failure(1008, 'value_error', 'user_audio_chunk must be base64.'));
    // Before the first frame and in the queue the real one throws audio away.
    if (state !== 'live') return;
    inputCame();
    const bytes = Buffer.from(chunk, 'base64');
    conversation.receivedBytes += bytes.length;
    conversation.receivedAudio.push(bytes);
    talking?.audio(bytes);
  };

  const take = (frame: JsonObject): void => {
    if ('user_audio_chunk' in frame) return audioIn(frame['user_audio_chunk']);
    typed(frame, textAt(frame, 'type') ?? '');
  };

  const initTimer = after(durations.initWaitMs, () => close(failure(1008, 'missing_fields', 'conversation_initiation_client_data did not come.')));
  socket.on('message', (data: Buffer, isBinary) => {
    if (state === 'closed') return;
    const frame = isBinary ? undefined : parseJson(data.toString('utf8'));
    if (!isObject(frame)) return close(invalidMessage('A message must be a JSON object.'));
    if (state === 'starting') early.push(frame);
    else take(frame);
  });
  // 'close' follows every 'error' (a message over 16 MB, for instance, which ws closes with 1009).
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => over('client', code, reason.toString('utf8'), code === 1000 ? 'Client ended the conversation.' : `Client disconnected: ${code}`));
};
