// Joins a carrier leg and an agent leg for one call: admission.ts makes it, feeds it the carrier's events, and it lives and dies with its call.
import { bytesPerMs, parseFormat } from '#audio/formats.ts';
import type { AgentMessage } from '#agent/codec.ts';
import { faultOfClose, type AgentFault } from '#agent/failure.ts';
import { documentOf } from '#calls/call.ts';
import type { StreamEvent } from '#carriers/stream.ts';
import { agentAudio } from './agent-audio.ts';
import { agentLeg, type AgentLeg } from './agent-leg.ts';
import { talkLeftMs } from './bridged-call.ts';
import { callerAudio, type CallerAudio } from './caller-audio.ts';
import { ending } from './ending.ts';
import { openingFor } from './opening.ts';
import { outbound } from './outbound.ts';
import type { BridgeDeps, BridgedCall, CarrierLeg } from './ports.ts';
import { recorder } from './recorder.ts';
import type { SentenceName } from './sentences.ts';
import { nobodyWasFree } from './so-far.ts';
import { toolUse } from './tool-use.ts';
import { transcript } from './transcript.ts';
import { turnClock } from './turn-clock.ts';
import { watch } from './watch.ts';

export interface Bridge {
  readonly callId: string;
  readonly epoch: number;
  /** Anything that the carrier says after its start frame. */
  carrier(event: StreamEvent): void;
  /** What most of that is: `carrier` may be passed by. */
  readonly caller: Pick<CallerAudio, 'frame'>;
  /** The carrier's socket is gone. */
  carrierClosed(code: number): void;
  /** The stream has to go elsewhere; the call goes on with the next document. Resolves when everything here is closed. */
  letGo(detail: string, closeCode: number): Promise<void>;
  /** Another task goes on with the call; resolves when everything is written down. Undefined when the call is coming to its end. */
  handOver(): Promise<void> | undefined;
  /** Whether the caller hears somebody at this moment, as far as we know. */
  speaking(): boolean;
  readonly done: Promise<void>;
}

/** Turns of a later stream follow those of an earlier one; no stream comes to so many. */
const TURNS_PER_EPOCH = 10_000;
/** Clears of one bridge; marks of an earlier one that come back late are then nobody's. */
const GENERATIONS_PER_EPOCH = 10_000;

export const bridge = (deps: BridgeDeps, call: BridgedCall, leg: CarrierLeg, finished: () => void): Bridge => {
  const { options, metrics, ms, clock } = deps;
  const log = deps.log.with({ callId: call.callId });
  const at = (): string => clock.now().toISOString();
  const written = recorder(call.callId, { record: deps.record, putTurn: deps.putTurn, log, metrics });
  const out = outbound(leg, options, metrics, ms, call.epoch * GENERATIONS_PER_EPOCH);
  const voice = agentAudio(leg, out, options.idleMs, metrics, ms);
  const turns = transcript(call.epoch * TURNS_PER_EPOCH, bytesPerMs(leg.shape), at, (turn) => written.turn(turn));
  const waits = turnClock(leg.shape, ms);
  const talking = new AbortController();
  const { transfer } = call.call ?? {};
  const back = transfer?.state === 'failed' && transfer.epoch === documentOf(call.epoch) - 1;
  let heardAgent = false;
  /** An end has begun, of whatever kind. Asked for every message: `end.begun()` says the same from further away. */
  let over = false;

  const end = ending({
    deps, call, leg, out, recorder: written, turnMs: waits.turnMs, finished,
    stopTalking: () => {
      over = true;
      watchdogs.stop();
      tools.stop();
      talking.abort();
      voice.close();
      caller.close();
      agent.close();
    },
  });
  /** The caller talks over the agent, or is to hear no more of it. */
  const cut = (eventId: number | null): void => {
    const queuedTo = out.nextPosition();
    turns.cutAt(voice.interrupt(eventId), queuedTo);
  };
  /** Ends with a recorded sentence; `clear` when what is queued does not matter any more. */
  const endWith = (sentence: SentenceName, reason: Parameters<typeof end.end>[0], detail: string | null, clear: boolean): void => {
    if (end.begun()) return;
    if (clear) cut(null);
    voice.say(deps.sentences(sentence, leg.shape));
    end.end(reason, detail);
  };
  /** The agent said its last words: what it sent is heard, then the call is over, or a person has it. */
  const agentEnded = (detail: string | null): void => {
    if (end.begun()) return;
    voice.flush();
    if (tools.leaving() === 'transfer') end.leave('transfer');
    else end.end('agent-ended', detail);
  };
  const agentLost = (fault: AgentFault): void => {
    if (end.begun()) return;
    if (tools.leaving() === 'transfer') return agentEnded(null);
    metrics.countBy('agent_faults', fault);
    log.warn('the agent cannot be had', { fault });
    endWith('agent-unavailable', 'agent-failed', fault, false);
  };

  const watchdogs = watch(call.startedMs, { ...options, callLimitMs: talkLeftMs(call, options, clock.now()) }, ms, {
    audioMs: () => voice.lastMs(),
    // An agent that leaves has nothing to answer any more.
    reassure: () => (tools.leaving() === undefined ? voice.say(deps.sentences('one-moment', leg.shape)) : undefined),
    // A caller who was promised a person gets one, whatever becomes of the agent.
    agentLost: (fault) => (tools.leaving() === 'transfer' ? agentEnded(null) : agent.failed(fault)),
    callTooLong: () => endWith('call-ended', 'timed-out', null, true),
  });
  const tools = toolUse({
    deps: { ...deps, log }, call, leg, recorder: written, signal: talking.signal, handingOver: () => caller.hold(), audioMs: () => voice.lastMs(), lastWordsSaid: () => agentEnded(null), say: (bytes) => voice.say(bytes),
    answer: (id, result, isError) => agent.answerTool(id, result, isError),
  });

  const play = (message: Extract<AgentMessage, { type: 'audio' }>): void => {
    const from = out.nextPosition();
    if (!voice.play(message.base64, message.eventId)) return;
    turns.spoke(from, message.alignment);
    watchdogs.agentSpoke();
    // Until the next message of another kind nobody asks for more than the audio itself.
    voice.straight(true);
    const turn = waits.agentSpeaks();
    if (turn !== undefined) metrics.observe('turn_ms', turn);
    if (heardAgent) return;
    heardAgent = true;
    const sinceAnswerMs = Math.round(ms() - call.startedMs);
    metrics.observe('first_audio_ms', sinceAnswerMs);
    written.event({ kind: 'first-audio', at: at(), epoch: call.epoch, sinceAnswerMs });
  };
  const connected = (message: Extract<AgentMessage, { type: 'metadata' }>): void => {
    // A telephone agent has one format both ways; 16 kHz is ElevenLabs' default where it says nothing.
    const speaks = parseFormat(message.outputFormat ?? message.inputFormat ?? 'pcm_16000');
    const hears = parseFormat(message.inputFormat ?? message.outputFormat ?? 'pcm_16000');
    if (!speaks || !hears) return agent.failed('agent-format-unsupported');
    written.event({ kind: 'agent-connected', at: at(), epoch: call.epoch, conversationId: message.conversationId, voiceId: call.voiceId });
    voice.format(speaks);
    caller.ready(hears);
  };
  const queueing = (status: string): void => {
    watchdogs.queued(status === 'waiting');
    // What is sent while the caller is held in the queue is thrown away there.
    if (status === 'waiting') caller.hold();
    else if (status === 'admitted') caller.resume();
    else if (status === 'timed_out') agent.failed('agent-queue-timeout');
  };

  const fromAgent = (message: AgentMessage): void => {
    if (over) return;
    watchdogs.agentFrame();
    if (message.type === 'audio') return play(message);
    voice.straight(false);
    switch (message.type) {
      case 'metadata': return connected(message);
      case 'interruption': return cut(message.eventId);
      case 'caller-said':
        waits.callerSpoke();
        // A word that is thrown in while the agent speaks asks for nothing.
        if (out.remainingMs() <= 0) watchdogs.asked();
        return turns.callerSaid(message.text, message.eventId);
      case 'agent-says': return turns.agentSays(message.text, message.eventId);
      case 'agent-said': return turns.corrected(message.text, message.instead, message.eventId);
      case 'queue': return queueing(message.status);
      case 'tool-call': return tools.called(message);
      case 'tool-used':
        if (message.name === 'skip_turn') watchdogs.excused();
        return message.called ? tools.used(message.name) : undefined;
      case 'error': return watchdogs.agentError(faultOfClose({ code: message.error.code ?? 1011, reason: '', error: message.error, opened: true, queued: false }));
      case 'ping': return undefined;
      case 'other': return metrics.count('events_ignored');
    }
  };
  /** What it said goes on to be heard; the caller's words are kept until the next conversation listens. */
  const reopening = (fault: AgentFault): void => {
    metrics.countBy('agent_faults', fault);
    voice.straight(false);
    voice.flush();
    turns.restarted();
    caller.hold();
    watchdogs.reopened();
  };

  /** Looked at while the caller is heard: a carrier that sends and does not read is let go. */
  const checkCarrier = (): void => {
    const waiting = leg.waitingBytes();
    metrics.peak('carrier_socket_bytes', waiting);
    if (waiting > options.mostCarrierSocketBytes) end.lose('carrier-does-not-read', 1013);
  };

  const agent: AgentLeg = agentLeg({
    deps: { ...deps, log }, carrier: leg.carrier, resumes: call.earlier !== undefined, leaving: () => tools.leaving() !== undefined,
    comesBack: back ? { firstMessage: options.nobodyFreeMessage, happened: nobodyWasFree } : undefined,
    opening: (firstMessage) => openingFor(call, firstMessage),
    said: async () => [...(await call.earlier ?? []), ...turns.turns],
  }, { audio: voice, message: fromAgent, ended: agentEnded, lost: agentLost, reopening });
  const caller = callerAudio(leg.shape, agent, options, metrics, { listen: (payload) => waits.heard(payload), look: checkCarrier });
  written.event({ kind: 'stream-started', at: at(), epoch: call.epoch, streamSid: leg.streamSid });

  return {
    callId: call.callId,
    epoch: call.epoch,
    caller,
    carrier: (event) => {
      switch (event.event) {
        case 'media': return caller.frame(event.payload, event.chunk);
        case 'mark': return void out.echoed(event.name);
        case 'dtmf':
          if (end.begun()) return;
          // The agent knows what was asked for; it is told without being interrupted.
          if (event.digit !== '9') return agent.tell(`The caller pressed the key ${event.digit}.`);
          written.event({ kind: 'opt-out', at: at(), by: 'key-9' });
          return endWith('call-ended', 'agent-ended', 'opt-out', true);
        case 'stop': return end.end('caller-hung-up', null, 'now');
        case 'start': case 'connected': case 'other': return metrics.count('events_ignored');
      }
    },
    carrierClosed: (code) => {
      // Twilio says `stop` before it closes; a close of its own without one still is a close. Anything else is a line that broke.
      if (code === 1000 || code === 1005) end.end('caller-hung-up', null, 'now');
      else end.lose('carrier-socket-lost', 1000);
    },
    letGo: (detail, closeCode) => {
      end.lose(detail, closeCode);
      return end.done;
    },
    handOver: () => {
      // What the caller did not hear any more was not said.
      if (!end.begun()) turns.cutAt(out.playout.heardBy(ms()), out.nextPosition());
      return end.handOver() ? end.done : undefined;
    },
    speaking: () => out.remainingMs() > 0,
    done: end.done,
  };
};
