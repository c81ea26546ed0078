/** The simulated agent takes its turns here: listens, is interrupted, answers, calls tools, asks into silence, says goodbye. */
import { randomBytes } from 'node:crypto';
import { clip, clipNames, type Clip } from '../speech/clips.ts';
import { recogniser } from '../speech/recognise.ts';
import type { AgentView } from './agents.ts';
import { answer, newMemory, silence, type Plan } from './dialogue.ts';
import { crash, failure, type Ending } from './errors.ts';
import { decoder } from './formats.ts';
import type { JsonObject } from './json.ts';
import type { Durations } from './options.ts';
import { addTurn, bookSent, type Conversation } from './record.ts';
import { mouth } from './speech-out.ts';
import { toolCalls } from './tools.ts';

export type Talk = {
  /** Says the first message. `overridden`: the client chose its words. */
  begin(firstMessage: string, overridden: boolean): void;
  audio(bytes: Uint8Array): void;
  words(text: string): void;
  /** `user_activity`: the silence starts anew. */
  activity(): void;
  toolResult(id: string, result: string, isError: boolean): void;
  stop(): void;
};

type TalkDeps = {
  conversation: Conversation;
  agent: AgentView;
  durations: Durations;
  pace: number;
  chunkMs: readonly number[];
  /** Sends a frame if the agent's client_events let it pass. */
  send: (frame: JsonObject) => void;
  close: (ending: Ending, terminationReason: string) => void;
};

const agentClips = clipNames.filter((name) => name.startsWith('agent-')).map(clip);

/** We have no voice for words of the client's own: the clip with the same words, else one of about the same length. */
const clipFor = (words: string, overridden: boolean): Clip =>
  agentClips.find(({ text }) => text === words) ?? clip(overridden && words.length < 45 ? 'agent-go-ahead' : 'agent-greeting');

export const talk = ({ conversation, agent, durations, pace, chunkMs, send, close }: TalkDeps): Talk => {
  const { kind } = conversation.story;
  const slowMs = kind === 'slow' ? durations.slowMs : 0;
  const ear = recogniser();
  const decode = decoder(agent.inputFormat);
  const tools = toolCalls(send, pace);
  const voice = mouth({
    format: agent.outputFormat, pace, chunkMs,
    send: (eventId, bytes, stale) => {
      bookSent(conversation, eventId, bytes, stale);
      send({ type: 'audio', audio_event: { audio_base_64: bytes.toString('base64'), event_id: eventId } });
    },
  });
  const timers = new Set<NodeJS.Timeout>();
  let memory = newMemory();
  let eventId = 0;
  let spoken = 0;
  /** Grows when the caller begins to speak: an answer that has not begun by then is dropped. */
  let round = 0;
  let [ending, stopped] = [false, false];
  let sameIdNext: number | undefined;
  let quiet: NodeJS.Timeout | undefined;

  const after = (ms: number, act: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopped) act();
    }, ms / pace);
    timers.add(timer);
    return timer;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => after(ms, resolve));

  const awaitCaller = (): void => {
    clearTimeout(quiet);
    if (ending || stopped || kind === 'mute') return;
    quiet = after(voice.remainingMs() + agent.turnTimeoutMs, () => {
      if (tools.pending()) return awaitCaller();
      const step = silence(memory);
      memory = step.memory;
      void follow(step.plan, ++eventId);
    });
  };

  const speak = (clips: readonly Clip[], text: string, id: number, onFirst?: () => void): Promise<'sent' | 'cut'> => {
    spoken += 1;
    addTurn(conversation, 'agent', text);
    send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: id } });
    if (kind === 'crash' && spoken === 2) after(300, () => close(crash, 'unknown_websocket_crash'));
    return voice.say({ eventId: id, text, clips, ...(onFirst && { onFirst }) });
  };

  /** The agent's own tool ends the talk: its notice goes out among the last audio, the close after it. */
  const systemTool = (name: string, id: number): void => {
    const call = { tool_name: name, tool_call_id: `${name}_${randomBytes(8).toString('hex')}`, tool_type: 'system', event_id: id };
    send({ type: 'agent_tool_request', agent_tool_request: call });
    const turn = conversation.turns.at(-1);
    turn?.tool_calls.push({ type: 'system', request_id: call.tool_call_id, tool_name: name, params_as_json: '{}', tool_has_been_called: true });
    turn?.tool_results.push({ type: 'system', request_id: call.tool_call_id, tool_name: name, result_value: '', is_error: false, tool_latency_secs: 0 });
    send({ type: 'agent_tool_response', agent_tool_response: { ...call, is_error: false, is_called: true } });
  };

  const follow = async (plan: Plan, id: number): Promise<void> => {
    const mine = round;
    await pause(durations.answerDelayMs + slowMs);
    if (mine !== round || ending) return;
    // An agent without the tool says the words, and does not hang up.
    const end = plan.end !== undefined && agent.systemTools.has(plan.end) ? plan.end : undefined;
    ending = end !== undefined;
    if (plan.say.length > 0) {
      const clips = plan.say.map(clip);
      const how = await speak(clips, clips.map(({ text }) => text).join(' '), id, end && (() => systemTool(end, id)));
      if (how === 'cut') return;
    }
    if (end) {
      after(200, () => close({ code: 1000, reason: '' }, `${end} tool was called.`));
      return;
    }
    awaitCaller();
    const tool = plan.tool;
    if (!tool) return;
    const offered = agent.clientTools.get(tool.name);
    const lastTurn = conversation.turns.at(-1);
    const turn = lastTurn?.role === 'agent' ? lastTurn : addTurn(conversation, 'agent', null);
    const outcome = offered ? await tools.call(tool.name, tool.parameters, id, turn, offered.waitMs ?? durations.toolWaitMs) : { isError: true };
    if (!stopped && !ending) await follow(outcome.isError ? tool.failed : tool.done, ++eventId);
  };

  const interrupt = (): void => {
    const cut = voice.cut();
    if (!cut) return;
    const id = ++eventId;
    conversation.interruptions.push({ eventId: id, cutEventId: cut.eventId, spoken: cut.spoken });
    const turn = conversation.turns.findLast(({ role, message }) => role === 'agent' && message === cut.original);
    if (turn) Object.assign(turn, { message: cut.spoken, original_message: cut.original, interrupted: true });
    send({ type: 'interruption', interruption_event: { event_id: id } });
    send({ type: 'agent_response_correction', agent_response_correction_event: { original_agent_response: cut.original, corrected_agent_response: cut.spoken, event_id: cut.eventId } });
    // A piece that was under way comes late, with its old id: whoever plays it has no gate.
    after(60, () => voice.sendStale());
    // The next answer may carry the interruption's own id (elevenlabs-python#829).
    if (kind === 'long-talk') sameIdNext = id;
  };

  const words = (text: string): void => {
    if (ending || stopped || kind === 'mute') return;
    clearTimeout(quiet);
    interrupt();
    round += 1;
    const id = sameIdNext ?? ++eventId;
    sameIdNext = undefined;
    addTurn(conversation, 'user', text);
    send({ type: 'tentative_user_transcript', tentative_user_transcription_event: { user_transcript: text, event_id: id } });
    send({ type: 'user_transcript', user_transcription_event: { user_transcript: text, event_id: id } });
    if (tools.pending()) return awaitCaller();
    const firstAnswer = kind === 'long-talk' && !memory.pitched && conversation.interruptions.length === 0;
    const step = answer(text, memory);
    memory = firstAnswer ? { ...step.memory, pitched: true } : step.memory;
    conversation.disposition = memory.disposition;
    const ordinary = step.plan.end === undefined && step.plan.tool === undefined;
    void follow(firstAnswer && ordinary ? { say: ['agent-details'] } : step.plan, id);
  };

  const audio = (bytes: Uint8Array): void => {
    for (const heard of ear.hear(decode(bytes))) {
      if (ending || stopped || kind === 'mute') continue;
      clearTimeout(quiet);
      if (heard.kind === 'speech-ended') {
        if (heard.text !== '') words(heard.text);
        else awaitCaller();
        continue;
      }
      round += 1;
      interrupt();
    }
  };

  const begin = (firstMessage: string, overridden: boolean): void => {
    after(slowMs, () => {
      if (kind === 'mute') return;
      if (firstMessage === '') return awaitCaller();
      void speak([clipFor(firstMessage, overridden)], firstMessage, ++eventId).then((how) => how === 'sent' && awaitCaller());
    });
    after(agent.maxDurationMs, () => close(failure(1000, 'max_duration_exceeded', 'Conversation has exceeded maximum duration'), 'max_duration_exceeded'));
  };

  const stop = (): void => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
    voice.stop();
    tools.stop();
  };

  return {
    begin, audio, words, activity: awaitCaller, stop,
    toolResult: (id, result, isError) => void tools.answered(id, result, isError),
  };
};
