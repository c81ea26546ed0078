// A relay with scripted neighbours, for the tests of this folder: a fake agent, fake streams, a store in memory. Everything closes with the test.
import { onTestFinished } from 'vitest';
import { openConversation } from '#agent/conversation.ts';
import { standardTools } from '#agent/tools.ts';
import type { CallEvent, CallRecord, Turn } from '#calls/call.ts';
import { foldCall, newCallRecord } from '#calls/fold-call.ts';
import { sealTicket } from '#calls/ticket.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { fakeAgent, type FakeAgent, type FakeConversation } from '#doubles/fake-agent.ts';
import { fakeStream, type FakeStream } from '#doubles/fake-twilio-stream.ts';
import { inbox } from '#doubles/inbox.ts';
import { steadyMs, systemClock } from '#house/clock.ts';
import { silentLog } from '#house/log.ts';
import { metrics } from '#relay/metrics.ts';
import { relayDefaults, type RelayOptions } from '#relay/options.ts';
import type { SentenceName } from '#relay/sentences.ts';
import { startRelay, type RelayDeps } from '#relay/server.ts';

export const secret = 'a secret of the tests, long enough.';
export const callId = 'call_01JABCDEFGHJKMNPQRSTVWXYZ0_1';
export const lead = {
  leadId: 'lead_01JABCDEFGHJKMNPQRSTVWXYZ0', name: 'Ada', phone: '+12025550123', interest: 'solar', timeZone: null, status: 'dialling' as const, disposition: null, summary: null,
  consent: { text: '', textHash: '', at: '', ip: null, userAgent: null, formUrl: null }, createdAt: '', version: 1,
};
export const newCall = (id = callId): CallRecord => newCallRecord({ callId: id, attemptId: 'att_01JABCDEFGHJKMNPQRSTVWXYZ0_1', leadId: lead.leadId, carrier: 'twilio', direction: 'outbound', from: '+12025550100', to: '+12025550123' }, 'CA1');

/** Each sentence is one byte, over and over: 0.1 s that a test recognises. */
export const sentenceBytes: Record<SentenceName, number> = { 'agent-unavailable': 0x11, 'one-moment': 0x22, 'call-ended': 0x33 };
export const sentence = (name: SentenceName): Buffer => Buffer.alloc(800, sentenceBytes[name]);

/** Bytes that tell every position from its neighbours. */
export const speech = (length: number, seed = 1): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + seed * 31) & 0xff));

/** `turns`: the transcript, for relays that share one store. */
export const house = async (options: Partial<RelayOptions> = {}, more: Partial<RelayDeps> = {}, turns = new Map<number, Turn>()) => {
  const agent = await fakeAgent();
  const events = inbox<CallEvent>();
  const hungUp: string[] = [];
  const used = new Set<string>();
  const counted = metrics();
  const records = new Map([[callId, newCall()]]);
  const deps: RelayDeps = {
    calls: {
      call: async (id) => records.get(id),
      turns: async () => [...turns.values()],
      bind: async (id, _carrier, callSid) => {
        const record = records.get(id);
        if (!record || (record.callSid !== null && record.callSid !== callSid)) return 'other';
        records.set(id, { ...record, callSid });
        return 'bound';
      },
    },
    leads: { lead: async () => lead },
    tickets: { use: async (id) => !used.has(id) && used.add(id) !== undefined },
    putTurn: async (_id, turn) => void turns.set(turn.index, turn),
    record: async (id, event) => {
      events.put(event);
      return foldCall(newCall(id), events.all);
    },
    hangUp: async (_carrier, callSid) => void hungUp.push(callSid),
    openAgent: (opening, handlers) => openConversation({ baseUrl: agent.baseUrl, agentId: 'agent 1', apiKey: 'key' }, opening, handlers, { signedUrlMs: 1000, handshakeMs: 1000 }),
    tools: standardTools,
    sentences: sentence,
    ticketSecret: secret, accounts: { twilio: 'AC1' }, codecs: { default: twilioCodec },
    clock: systemClock, ms: steadyMs, log: silentLog, metrics: counted,
    ...more,
    options: { ...relayDefaults, idleMs: 30, lastWordsMarginMs: 2000, endCallMs: 200, errorGraceMs: 100, drainMs: 0, handOverGraceMs: 0, lingerMs: 0, ...options },
  };
  const relay = await startRelay(deps, { port: 0, host: '127.0.0.1' });
  const streams: FakeStream[] = [];
  onTestFinished(async () => {
    for (const stream of streams) stream.cut();
    await relay.stop();
    await agent.stop();
  });
  const ticket = (of: { callId?: string; callSid?: string; epoch?: number; expiresIn?: number; secret?: string } = {}): string =>
    sealTicket(of.secret ?? secret, { callId: of.callId ?? callId, callSid: of.callSid ?? 'CA1', epoch: of.epoch ?? 0, expires: Math.floor(Date.now() / 1000) + (of.expiresIn ?? 60) });
  const connect = async (path?: string): Promise<FakeStream> => {
    const stream = await fakeStream(relay.port, path);
    streams.push(stream);
    return stream;
  };
  const ended = async () => (await events.next((event) => event.kind === 'ended')) as Extract<CallEvent, { kind: 'ended' }>;
  return {
    relay, agent, events, turns, hungUp, records, metrics: counted, ticket, connect, ended,
    transcript: () => [...turns.values()].toSorted((a, b) => a.index - b.index).map(({ role, text }) => `${role}: ${text}`),
    conversation: () => agent.conversations.next(() => true),
    /** A call in which the agent has just been reached. */
    call: async (of: { output?: string; input?: string; epoch?: number } = {}): Promise<{ stream: FakeStream; talk: FakeConversation }> => {
      const stream = await connect();
      stream.start({ parameters: { ticket: ticket({ epoch: of.epoch ?? 0 }) } });
      const talk = await agent.conversations.next(() => true);
      await talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
      talk.metadata(of.output, of.input);
      await events.next((event) => event.kind === 'agent-connected');
      return { stream, talk };
    },
  };
};

export type House = Awaited<ReturnType<typeof house>>;
export type { FakeAgent };
