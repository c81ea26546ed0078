// Every way in which the agent fails, with the relay's own numbers: within 8 s the caller hears something or is let go, and the record says why.
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { openConversation } from '#agent/conversation.ts';
import { fakeAgent, type FakeAgent, type FakeConversation } from '#doubles/fake-agent.ts';
import { relayDefaults } from '#relay/options.ts';
import { house, sentence, speech } from './house.ts';

const MOST_SILENCE_MS = 8000;

interface Failure {
  /** What stands in the record. */
  detail: string;
  /** What each conversation does once it was told about the call. */
  talk?: (talk: FakeConversation) => void;
  /** What the agent's side does before there is a conversation. */
  before?: (agent: FakeAgent) => void;
  /** It is not given up for so long that the caller hangs up once something of ours was said. */
  outlasted?: true;
}

const answered = (status: number, body: unknown) => (agent: FakeAgent): void => {
  agent.refuse = (response: ServerResponse) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const error = (code: number, type: string, message: string) => ({ type: 'error', error_event: { code, error_type: type, message, reason: message } });
const queue = (status: string) => ({ type: 'queue_status', queue_status_event: { status } });
const words = (talk: FakeConversation): void => {
  talk.metadata();
  talk.audio(speech(800));
};

const failures: Record<string, Failure> = {
  'no credit, told by an error and 1002': { detail: 'agent-quota-exceeded', talk: (talk) => {
    talk.send({ type: 'error', message: 'received 1002 (protocol error) This request exceeds your quota limit.' });
    talk.close(1002, 'This request exceeds your quota limit.');
  } },
  'no credit, told by an error alone': { detail: 'agent-quota-exceeded', talk: (talk) => talk.send(error(1002, 'quota_exceeded', 'This request exceeds your quota limit.')) },
  'an override that is not allowed': { detail: 'agent-override-refused', talk: (talk) => {
    talk.send(error(1008, 'override_error', "Override for field 'voice_id' is not allowed by config."));
    talk.close(1008, "Override for field 'voice_id' is not allowed by config.");
  } },
  'a variable that is missing': { detail: 'agent-variables-missing', talk: (talk) => talk.close(1008, 'Missing required dynamic variables in first message: {"x"}') },
  'a queue that is full': { detail: 'agent-queue-timeout', talk: (talk) => {
    talk.send(queue('waiting'));
    talk.close(4300, '');
  } },
  'a queue in which time is up': { detail: 'agent-queue-timeout', talk: (talk) => {
    talk.send(queue('waiting'));
    talk.send(queue('timed_out'));
    talk.close(3008, 'too many concurrent connections');
  } },
  'a crash': { detail: 'agent-crashed', talk: (talk) => talk.close(1011, '') },
  'a crash in mid-talk': { detail: 'agent-crashed', talk: (talk) => {
    words(talk);
    talk.close(1011, '');
  } },
  'a line that is cut': { detail: 'agent-crashed', talk: (talk) => talk.cut() },
  'a line that is cut in mid-talk': { detail: 'agent-crashed', talk: (talk) => {
    words(talk);
    talk.cut();
  } },
  'a service that failed, told by 1002': { detail: 'agent-crashed', talk: (talk) => talk.close(1002, 'llm_timeout') },
  'a service that failed, told by an error alone': { detail: 'agent-crashed', talk: (talk) => talk.send(error(1002, 'llm_timeout', 'took too long')) },
  'a contract that was broken': { detail: 'agent-refused', talk: (talk) => talk.close(1008, 'invalid_message') },
  'an agent that does not exist': { detail: 'agent-not-found', talk: (talk) => talk.close(3000, 'The AI agent you are trying to reach does not exist.') },
  'a key that is not good there': { detail: 'agent-unauthorized', talk: (talk) => talk.close(3000, 'Could not authorize the conversation') },
  'a goodbye before a word': { detail: 'agent-silent', talk: (talk) => talk.close(1000) },
  'no audio at all': { detail: 'agent-silent', talk: (talk) => talk.metadata() },
  'no answer in mid-talk, though it understood': { detail: 'caller-hung-up', outlasted: true, talk: (talk) => {
    words(talk);
    setTimeout(() => talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Are you there?', event_id: 1 } }), 500);
  } },
  'not a single frame': { detail: 'agent-silent', talk: () => {} },
  'frames that nobody can read': { detail: 'agent-silent', talk: (talk) => {
    for (const frame of ['', 'null', '{', '[]', '{"type":"audio"}', '{"type":"audio","audio_event":{"audio_base_64":"no base64!"}}', '\u0000', Buffer.from([0xff, 0xfe]), Buffer.alloc(100_000)]) talk.raw(frame);
  } },
  'a format that nobody knows': { detail: 'agent-format-unsupported', talk: (talk) => talk.metadata('opus_48000') },
  'audio that is too large for a frame': { detail: 'agent-crashed', talk: (talk) => talk.raw('x'.repeat(16 * 1024 * 1024 + 1)) },
  'a wrong key, for the signed URL': { detail: 'agent-unauthorized', before: answered(401, { detail: { status: 'invalid_api_key', message: 'Invalid API key' } }) },
  'no credit, for the signed URL': { detail: 'agent-quota-exceeded', before: answered(401, { detail: { status: 'quota_exceeded', message: 'no credits' } }) },
  'a bill that is not paid, for the signed URL': { detail: 'agent-quota-exceeded', before: answered(402, { detail: 'Payment Required' }) },
  'no such agent, for the signed URL': { detail: 'agent-not-found', before: answered(404, { detail: 'Not Found' }) },
  'too many at once, for the signed URL': { detail: 'agent-busy', before: answered(429, { detail: { status: 'too_many_concurrent_requests' } }) },
  'a failure of its own, for the signed URL': { detail: 'agent-unreachable', before: answered(500, 'oops') },
  'an address that is none': { detail: 'agent-unreachable', before: answered(200, { signed_url: 'file:///etc/passwd' }) },
  'no answer for the signed URL': { detail: 'agent-unreachable', before: (agent) => { agent.refuse = () => {}; } },
  'a signed URL after 3.5 s, and then a handshake that nobody answers': { detail: 'agent-unreachable', before: (agent) => {
    agent.refuseHandshake = 'never';
    agent.signedUrlMs = 3500;
  } },
  'a handshake that is refused': { detail: 'agent-unauthorized', before: (agent) => { agent.refuseHandshake = 403; } },
  'a handshake that fails': { detail: 'agent-unreachable', before: (agent) => { agent.refuseHandshake = 500; } },
};

/** The longest that the caller waited in silence, from the first moment on, for a voice or for the end. */
const longestSilence = (moments: number[]): number => Math.max(...moments.slice(1).map((at, i) => at - moments[i]!));

describe('an agent that fails', () => {
  it('leaves no caller in silence for 8 s, and the record says why', { timeout: 40_000 }, async () => {
    const callWith = async ({ talk, before, outlasted }: Failure): Promise<{ detail: string | null; silenceMs: number; endedMs: number }> => {
      const agent = await fakeAgent();
      const { connect, ticket, ended } = await house(relayDefaults, {
        // With its own time limits: those of the other tests are shorter.
        openAgent: (opening, handlers) => openConversation({ baseUrl: agent.baseUrl, agentId: 'agent 1', apiKey: 'key' }, opening, handlers),
      });
      before?.(agent);
      const failing = async (): Promise<never> => {
        for (;;) {
          const conversation = await agent.conversations.next(() => true);
          await conversation.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
          talk?.(conversation);
        }
      };
      const stream = await connect();
      stream.playAlways();
      const moments = [performance.now()];
      stream.start({ parameters: { ticket: ticket() } });
      void failing();
      const listening = async (): Promise<never> => {
        for (;;) {
          const heard = await stream.got.next(({ kind }) => kind === 'media');
          moments.push(performance.now());
          if (outlasted && 'bytes' in heard && heard.bytes.equals(sentence('one-moment'))) stream.stop();
        }
      };
      void listening();
      const { endReason, detail } = await ended();
      await stream.closed;
      moments.push(performance.now());
      await agent.stop();
      return { detail: endReason === 'agent-failed' ? detail : endReason, silenceMs: longestSilence(moments), endedMs: moments.at(-1)! - moments[0]! };
    };
    const names = Object.keys(failures);
    const found = await Promise.all(names.map((name) => callWith(failures[name]!)));
    const table = Object.fromEntries(names.map((name, i) => [name, found[i]!]));
    expect(Object.fromEntries(names.map((name) => [name, table[name]!.detail]))).toEqual(Object.fromEntries(names.map((name) => [name, failures[name]!.detail])));
    expect(names.filter((name) => table[name]!.silenceMs > MOST_SILENCE_MS)).toEqual([]);
  });
});
