// Every sort of call that there is, each told from both ends: what the caller does and what the agent does. Used by the soak, in a test of this
// folder and, against real processes, in bench/soak.ts.
import type { FakeAgent, FakeConversation } from '#doubles/fake-agent.ts';
import type { FakeExotelStream } from '#doubles/fake-exotel-stream.ts';
import type { FakeStream } from '#doubles/fake-twilio-stream.ts';
import { inbox, type Inbox } from '#doubles/inbox.ts';

export interface PlacedCall { callSid: string; accountSid: string; ticket: string; /** For a later stream of the same call. */ next: string }

export interface SortWorld {
  agent: FakeAgent;
  connect(): Promise<FakeStream>;
  connectExotel(): Promise<FakeExotelStream>;
  /** A call in the store, whose stream has not come yet; Twilio's unless said otherwise. */
  place(carrier?: 'twilio' | 'exotel'): Promise<PlacedCall>;
  /** The next conversation of that call, once it was told about it. */
  conversation(callSid: string): Promise<FakeConversation>;
}

/** Resolves when the caller's socket is closed. */
export type Sort = (world: SortWorld) => Promise<void>;

/** Conversations of all these agents by the call that they are told about. */
export const conversationsOf = (...agents: FakeAgent[]): SortWorld['conversation'] => {
  const byCall = new Map<string, Inbox<FakeConversation>>();
  const of = (callSid: string): Inbox<FakeConversation> => {
    const known = byCall.get(callSid) ?? inbox<FakeConversation>();
    byCall.set(callSid, known);
    return known;
  };
  const told = async (conversation: FakeConversation): Promise<void> => {
    const init = await conversation.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
    of((init['dynamic_variables'] as { call_sid: string }).call_sid).put(conversation);
  };
  const sorting = async (agent: FakeAgent): Promise<never> => {
    for (;;) void told(await agent.conversations.next(() => true));
  };
  for (const agent of agents) void sorting(agent);
  return (callSid) => of(callSid).next(() => true);
};

const PATIENCE_MS = 20_000;
/** What a relay had when it was killed is lost; the caller sees that nothing came of it. */
const AGAIN_MS = 3000;

const second = (value = 0x55): Buffer => Buffer.alloc(8000, value);
const frame = Buffer.alloc(160, 0x7f);
const speaks = (stream: FakeStream, frames: number): void => {
  for (let i = 0; i < frames; i++) stream.speak(frame);
};
const endCall = (talk: FakeConversation): void => {
  talk.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'e', tool_type: 'system', is_error: false, is_called: true, event_id: 9 } });
  talk.close(1000);
};
const says = (talk: FakeConversation, text: string, eventId: number): void => {
  talk.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: eventId } });
  talk.audio(second(), eventId);
};
const queue = (talk: FakeConversation, status: string): void => talk.send({ type: 'queue_status', queue_status_event: { status } });

/** A caller on the line with a good ticket; `agent` plays its part in each conversation of the call. */
const onTheLine = (caller: (stream: FakeStream, call: PlacedCall & { talk: Promise<FakeConversation> }, world: SortWorld) => Promise<void> | void, agent: (talk: FakeConversation, stream: FakeStream) => Promise<void> | void): Sort => async (world) => {
  const call = await world.place();
  const stream = await world.connect();
  stream.playAlways();
  const { promise: talk, resolve } = Promise.withResolvers<FakeConversation>();
  const answering = async (): Promise<void> => {
    for (;;) {
      const conversation = await world.conversation(call.callSid);
      resolve(conversation);
      await agent(conversation, stream);
    }
  };
  // Not awaited: an agent that is never asked has no part to play. A socket that closes meanwhile is an end like any other.
  answering().catch(() => {});
  stream.start({ callSid: call.callSid, accountSid: call.accountSid, parameters: { ticket: call.ticket } });
  // A carrier never falls silent; behind API Gateway that is how a relay that died is missed.
  const line = setInterval(() => stream.speak(frame), 250);
  try {
    await caller(stream, { ...call, talk }, world);
    await stream.closed;
  } finally {
    clearInterval(line);
  }
};
const listens = (): void => {};
/** `stop`, and then the carrier's own close, should ours not come first. */
const hangsUp = (stream: FakeStream): void => {
  stream.stop();
  const closing = setTimeout(() => stream.close(), 2000);
  void stream.closed.then(() => clearTimeout(closing));
};
const hears = async (stream: FakeStream): Promise<void> => void await stream.got.next((heard) => heard.kind === 'media' || heard.kind === 'closed');
/** Somebody who only shows a bad ticket, or none, and is not patient: the task that would have shown them out may have died. */
const uninvited = (act: (stream: FakeStream, world: SortWorld) => Promise<void> | void): Sort => async (world) => {
  const stream = await world.connect();
  const leaving = setTimeout(() => stream.cut(), PATIENCE_MS);
  await act(stream, world);
  await stream.closed;
  clearTimeout(leaving);
};
const polite = async (talk: FakeConversation): Promise<void> => {
  talk.metadata();
  says(talk, 'Hello, this is an AI voice agent.', 1);
  await talk.received.next((f) => 'user_audio_chunk' in f);
  talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Good, thank you.', event_id: 2 } });
  says(talk, 'Goodbye.', 3);
  endCall(talk);
};
const talks = onTheLine((stream) => speaks(stream, 50), polite);
/** Something goes wrong once before a conversation; whose call it hits is not known there. */
const after = (spoil: (agent: FakeAgent) => void): Sort => async (world) => {
  spoil(world.agent);
  await talks(world);
};
const inExotelsAccent = (hangsUp: boolean): Sort => async (world) => {
  const call = await world.place('exotel');
  const stream = await world.connectExotel();
  stream.echo();
  stream.start({ callSid: call.callSid, accountSid: call.accountSid, parameters: { ticket: call.ticket } });
  const answering = async (): Promise<void> => {
    for (;;) await polite(await world.conversation(call.callSid));
  };
  answering().catch(() => {});
  const line = setInterval(() => stream.speak(Buffer.alloc(1600)), 250);
  await Promise.race([stream.closed, stream.got.next(({ event }) => event === 'media')]);
  if (hangsUp) {
    stream.stop();
    stream.close();
  }
  await stream.closed;
  clearInterval(line);
};
const refusedOnce = (status: number, body: unknown) => (agent: FakeAgent): void => {
  agent.refuse = (response) => {
    agent.refuse = undefined;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
};

export const sorts: Record<string, Sort> = {
  'talks': talks,
  'talks in a format that has to be changed': onTheLine((stream) => speaks(stream, 50), async (talk) => {
    talk.metadata('pcm_16000');
    talk.audio(Buffer.alloc(32_000), 1);
    await talk.received.next((f) => 'user_audio_chunk' in f);
    endCall(talk);
  }),
  'talks over the agent': onTheLine(async (stream) => {
    await hears(stream);
    speaks(stream, 20);
  }, async (talk) => {
    talk.metadata();
    for (let i = 0; i < 10; i++) says(talk, `Sentence ${i}.`, 1);
    await talk.received.next((f) => 'user_audio_chunk' in f);
    talk.interrupt(2);
    says(talk, 'Yes?', 2);
    endCall(talk);
  }),
  'waits in the queue and talks': onTheLine((stream) => speaks(stream, 20), async (talk) => {
    queue(talk, 'waiting');
    queue(talk, 'admitted');
    await polite(talk);
  }),
  'uses tools': onTheLine(listens, async (talk) => {
    talk.metadata();
    for (const [i, name] of ['do_not_call', 'send_keys', 'transfer_to_human', 'no_such_tool', 'schedule_callback', 'a', 'b', 'c', 'd', 'e', 'f'].entries()) {
      talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: name, tool_call_id: `t${i}`, parameters: {} } });
    }
    await talk.received.next((f) => f['type'] === 'client_tool_result');
    says(talk, 'Done.', 1);
    endCall(talk);
  }),
  'talks in Exotel\'s accent': inExotelsAccent(false),
  'hangs up in Exotel\'s accent': inExotelsAccent(true),
  'hangs up before the start': uninvited((stream) => stream.close()),
  'hangs up at once': onTheLine((stream) => stream.stop(), listens),
  'hangs up before the agent is there': onTheLine(async (stream, { talk }) => {
    await Promise.race([talk, stream.closed]);
    hangsUp(stream);
  }, listens),
  'hangs up in mid-sentence': onTheLine(async (stream) => {
    await hears(stream);
    hangsUp(stream);
  }, (talk) => {
    talk.metadata();
    for (let i = 0; i < 30; i++) says(talk, 'And so on.', 1);
  }),
  'closes without a word': onTheLine(async (stream) => {
    await hears(stream);
    stream.close();
  }, polite),
  'is cut off': onTheLine(async (stream) => {
    await hears(stream);
    stream.cut();
  }, polite),
  'presses 9': onTheLine(async (stream) => {
    await hears(stream);
    stream.digit('5');
    stream.digit('9');
    const pressing = setInterval(() => stream.digit('9'), AGAIN_MS);
    void stream.closed.then(() => clearInterval(pressing));
  }, (talk) => {
    talk.metadata();
    says(talk, 'Hello.', 1);
  }),
  'comes again on a newer stream': onTheLine(async (first, { callSid, accountSid, next }, world) => {
    await hears(first);
    const second = await world.connect();
    second.playAlways();
    second.start({ callSid, accountSid, parameters: { ticket: next } });
    const line = setInterval(() => second.speak(frame), 250);
    await hears(second);
    // At the relay that has the first one, it is closed by the second. Another relay has it until its carrier goes.
    const leaving = setTimeout(() => first.close(), AGAIN_MS);
    void first.closed.then(() => clearTimeout(leaving));
    hangsUp(second);
    await second.closed;
    clearInterval(line);
  }, (talk) => {
    talk.metadata();
    says(talk, 'Hello.', 1);
  }),
  'says start twice, and things that nobody knows': onTheLine((stream, { callSid, accountSid, ticket }) => {
    stream.start({ callSid, accountSid, parameters: { ticket } });
    stream.send({ event: 'something', sequenceNumber: '99' });
    speaks(stream, 20);
  }, polite),
  'floods': onTheLine((stream) => speaks(stream, 3000), polite),
  'sends what is no frame': onTheLine(async (stream) => {
    await hears(stream);
    stream.raw('{"event":');
  }, polite),
  'sends bytes': onTheLine(async (stream) => {
    await hears(stream);
    stream.raw(Buffer.from([1, 2, 3]), true);
  }, polite),
  'does not read': onTheLine(async (stream, { talk }) => {
    stream.pause();
    speaks(stream, 20);
    const conversation = await Promise.race([talk, stream.closed]);
    if (!('received' in conversation)) return;
    const { received, closed } = conversation;
    await Promise.race([received.until((all) => all.filter((f) => 'user_audio_chunk' in f).length >= 20), closed]);
    stream.cut();
  }, (talk) => {
    talk.metadata();
    for (let i = 0; i < 20; i++) talk.audio(Buffer.alloc(100_000), 1);
  }),
  'shows a forged ticket': uninvited((stream) => stream.start({ parameters: { ticket: 'v1.call_01JABCDEFGHJKMNPQRSTVWXYZ0_1.0.9999999999.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' } })),
  'shows a ticket that was used': async (world) => {
    const call = await world.place();
    const [first, other] = [await world.connect(), await world.connect()];
    for (const stream of [first, other]) stream.start({ callSid: call.callSid, accountSid: call.accountSid, parameters: { ticket: call.ticket } });
    await Promise.race([first.closed, other.closed]);
    hangsUp(first);
    hangsUp(other);
    await Promise.all([first.closed, other.closed]);
  },
  'shows no ticket': uninvited((stream) => stream.start({})),
  'never starts': uninvited(() => {}),
  'floods before the start': uninvited((stream) => speaks(stream, 500)),
  'an agent that crashes': onTheLine(listens, (talk) => talk.close(1011)),
  'an agent that is cut off in mid-sentence': onTheLine(listens, (talk) => {
    talk.metadata();
    says(talk, 'I was just', 1);
    talk.cut();
  }),
  'an agent without credit': onTheLine(listens, (talk) => talk.close(1002, 'This request exceeds your quota limit.')),
  'an agent that refuses an override': onTheLine(listens, (talk) => talk.close(1008, "Override for field 'voice_id' is not allowed by config.")),
  'an agent that breaks off': onTheLine(listens, (talk) => talk.close(1008, 'invalid_message')),
  'an agent that fails and stays silent': onTheLine(listens, (talk) => talk.send({ type: 'error', error_event: { code: 1002, error_type: 'llm_timeout', message: 'took too long' } })),
  'an agent whose queue is full': onTheLine(listens, (talk) => {
    queue(talk, 'waiting');
    queue(talk, 'timed_out');
  }),
  'an agent that cannot be understood': onTheLine(async (stream, { talk }) => {
    await Promise.race([talk, stream.closed]);
    hangsUp(stream);
  }, (talk) => {
    for (const text of ['', 'null', '{', '[]', '{"type":"audio"}']) talk.raw(text);
  }),
  'an agent that speaks another format': onTheLine(listens, (talk) => talk.metadata('opus_48000')),
  'an agent that ends a call without a word': onTheLine(listens, (talk) => talk.close(1000)),
  'a signed URL that fails': after(refusedOnce(500, 'oops')),
  'a signed URL that is refused': after(refusedOnce(401, { detail: { status: 'quota_exceeded' } })),
  'a signed URL that leads nowhere': after(refusedOnce(200, { signed_url: 'ws://127.0.0.1:1/' })),
};
