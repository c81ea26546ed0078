import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentMessage } from '#agent/codec.ts';
import type { Conversation, ConversationHandlers } from '#agent/conversation.ts';
import { holdConversation, type HeldConversation, type Spoiled } from '#relay/held-conversation.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  return () => vi.useRealTimers();
});

/** A conversation without a socket: the agent's words go in by `agent`, what it was sent is in `sent`. */
const held = (options = { heldBeatMs: 500, mostHeldAudioMs: 30_000 }) => {
  const sent: string[] = [];
  const spoiled: Spoiled[] = [];
  let agent!: ConversationHandlers;
  const conversation: Conversation = {
    audio: (base64) => void sent.push(`audio ${Buffer.from(base64.toString('latin1'), 'base64').toString('hex')}`), answerTool: (id) => void sent.push(`tool ${id}`),
    tell: (text) => void sent.push(`tell ${text}`), stir: () => void sent.push('stir'), close: () => void sent.push('close'), waitingBytes: () => 7,
  };
  const made: HeldConversation = holdConversation((handlers) => {
    agent = handlers;
    return conversation;
  }, (why) => spoiled.push(why), options);
  return { held: made, agent, sent, spoiled };
};
const listener = () => {
  const heard: (AgentMessage | 'closed')[] = [];
  return { heard, handlers: { message: (message: AgentMessage) => void heard.push(message), closed: () => void heard.push('closed') } };
};
const metadata = (format: string | null = 'ulaw_8000'): AgentMessage => ({ type: 'metadata', conversationId: 'conv_1', outputFormat: format, inputFormat: format });
/** Ms of mu-law. */
const audio = (ms: number, eventId = 1): AgentMessage => ({ type: 'audio', base64: Buffer.from(Buffer.alloc(8 * ms, eventId).toString('base64')), eventId, alignment: null });
const says = (text: string): AgentMessage => ({ type: 'agent-says', text, eventId: 1 });
const soon = (): Promise<void> => Promise.resolve();

describe('a conversation that waits for the answer', () => {
  it('gives what the agent said to whoever takes it, in order, and then whatever comes', async () => {
    const { held: one, agent } = held();
    const words = [metadata(), says('Hello.'), audio(400), audio(600)];
    for (const message of words) agent.message(message);
    const { heard, handlers } = listener();
    const conversation = one.take(handlers)!;
    expect(heard).toEqual([]);
    await soon();
    expect(heard).toEqual(words);
    agent.message(audio(100, 2));
    agent.message({ type: 'interruption', eventId: 3 });
    agent.closed({ fault: 'agent-crashed' });
    expect(heard.slice(4)).toEqual([audio(100, 2), { type: 'interruption', eventId: 3 }, 'closed']);
    expect(conversation.waitingBytes()).toBe(7);
  });

  it('loses, repeats and reorders nothing, whenever it is taken', async () => {
    const message = fc.oneof(fc.integer({ min: 1, max: 40 }).map((ms) => audio(ms)), fc.constant(says('Hello.')), fc.constant<AgentMessage>({ type: 'queue', status: 'admitted' }));
    await fc.assert(fc.asyncProperty(fc.array(message, { maxLength: 60 }), fc.nat(60), fc.nat(3), async (messages, at, sameTick) => {
      const { held: one, agent } = held();
      const { heard, handlers } = listener();
      const all = [metadata(), ...messages];
      const taken = Math.min(at, all.length);
      for (const early of all.slice(0, taken)) agent.message(early);
      one.take(handlers);
      // Some come before the taker has heard what was kept.
      for (const late of all.slice(taken, taken + sameTick)) agent.message(late);
      await soon();
      for (const late of all.slice(taken + sameTick)) agent.message(late);
      expect(heard).toEqual(all);
    }));
  });

  it('keeps copies: the frame that audio came in is written over', async () => {
    const { held: one, agent } = held();
    agent.message(metadata());
    const frame = Buffer.from('AAAA');
    agent.message({ type: 'audio', base64: frame, eventId: 1, alignment: null });
    frame.fill('B');
    const { heard, handlers } = listener();
    one.take(handlers);
    await soon();
    expect(heard[1]).toMatchObject({ base64: Buffer.from('AAAA') });
  });

  it('sends silence in real time in the agent\'s format once that is known, and every 3 s that somebody is there', () => {
    const { agent, sent } = held();
    vi.advanceTimersByTime(2000);
    expect(sent).toEqual([]);
    agent.message(metadata('pcm_8000'));
    vi.advanceTimersByTime(6000);
    const quiet = `audio ${'00'.repeat(8000)}`;
    expect(sent).toEqual([...Array<string>(6).fill(quiet), 'stir', ...Array<string>(6).fill(quiet), 'stir']);
  });

  it('sends mu-law\'s own silence', () => {
    const { agent, sent } = held({ heldBeatMs: 20, mostHeldAudioMs: 30_000 });
    agent.message(metadata());
    vi.advanceTimersByTime(20);
    expect(sent).toEqual([`audio ${'ff'.repeat(160)}`]);
  });

  it('is silent no more once it was taken: the caller is heard', () => {
    const { held: one, agent, sent } = held();
    agent.message(metadata());
    const conversation = one.take(listener().handlers)!;
    vi.advanceTimersByTime(10_000);
    conversation.audio(Buffer.from('AQID'));
    conversation.tell('A key.');
    conversation.answerTool('t1', 'done', false);
    conversation.close();
    expect(sent).toEqual(['audio 010203', 'tell A key.', 'tool t1', 'close']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is taken once', () => {
    const { held: one } = held();
    expect(one.take(listener().handlers)).toBeDefined();
    expect(one.take(listener().handlers)).toBeUndefined();
  });

  it('says nothing more to a taker that ended the talk over what was kept', async () => {
    const { held: one, agent } = held();
    agent.message(metadata());
    agent.message(audio(100));
    const heard: string[] = [];
    const conversation = one.take({ message: ({ type }) => {
      heard.push(type);
      conversation.close();
    }, closed: () => {} })!;
    await soon();
    agent.message(audio(100));
    expect(heard).toEqual(['metadata']);
  });

  it('leaves no timer when it is closed, and is given to nobody then', () => {
    const { held: one, agent, sent, spoiled } = held();
    agent.message(metadata());
    one.close();
    agent.message({ type: 'interruption', eventId: 1 });
    expect([one.take(listener().handlers), vi.getTimerCount(), sent, spoiled]).toEqual([undefined, 0, ['close'], []]);
  });
});

describe('a conversation is of no use at the answer', () => {
  it.each<[Spoiled, string, AgentMessage[]]>([
    ['spoke-again', 'the agent prompts into the ringing', [says('Hello.'), audio(500), says('Are you there?')]],
    ['interrupted', 'it was interrupted by nobody', [{ type: 'interruption', eventId: 1 }]],
    ['interrupted', 'it takes back words', [says('Hello.'), { type: 'agent-said', text: 'Hel', instead: 'Hello.', eventId: 1 }]],
    ['heard-somebody', 'it heard words in the silence', [{ type: 'caller-said', text: '...', eventId: 1 }]],
    ['used-a-tool', 'it asks for a tool', [{ type: 'tool-call', name: 'end_call', id: 't1', parameters: {}, wantsAnswer: true }]],
    ['used-a-tool', 'it used one of its own', [{ type: 'tool-used', name: 'voicemail_detection', called: true }]],
    ['error', 'it says that something is wrong', [{ type: 'error', error: { code: 1002, text: 'quota' } }]],
    ['queue-timeout', 'its queue gave up', [{ type: 'queue', status: 'waiting' }, { type: 'queue', status: 'timed_out' }]],
    ['format-unsupported', 'nobody can play its format', [{ type: 'metadata', conversationId: 'conv_1', outputFormat: 'opus_48000', inputFormat: 'ulaw_8000' }]],
    ['format-unsupported', 'nobody can speak its format', [{ type: 'metadata', conversationId: 'conv_1', outputFormat: 'ulaw_8000', inputFormat: 'opus_48000' }]],
    ['spoke-too-long', 'it speaks for longer than any greeting', Array.from({ length: 31 }, () => audio(1000))],
    ['spoke-too-long', 'it sends more than memory is for', Array.from({ length: 4001 }, () => audio(0))],
  ])('%s: %s', (why, _what, messages) => {
    const { held: one, agent, spoiled, sent } = held();
    agent.message(metadata());
    for (const message of messages) agent.message(message);
    expect(spoiled).toEqual([why]);
    expect(sent).toEqual(['close']);
    expect(one.take(listener().handlers)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('closed: its socket went', () => {
    const { agent, spoiled } = held();
    agent.closed({ fault: 'agent-unreachable' });
    agent.closed({ fault: 'agent-unreachable' });
    expect(spoiled).toEqual(['closed']);
  });

  it('and not because of a ping, a word twice, half a minute of greeting, or what we do not know', () => {
    const { held: one, agent, spoiled } = held();
    agent.message(metadata());
    agent.message({ type: 'ping', eventId: 1 });
    agent.message({ type: 'other', name: 'vad_score' });
    agent.message(says('Hello.'));
    agent.message(says('Hello.'));
    for (let i = 0; i < 30; i++) agent.message(audio(1000));
    expect(spoiled).toEqual([]);
    expect(one.conversationId).toBe('conv_1');
    expect(one.take(listener().handlers)).toBeDefined();
  });
});
