import { onTestFinished, describe, expect, it } from 'vitest';
import { conversationAddress } from '#agent/address.ts';
import { openConversation } from '#agent/conversation.ts';
import { faultOfAnswer, faultOfClose } from '#agent/failure.ts';
import { fakeAgent } from '#doubles/fake-agent.ts';

const agent = async () => {
  const fake = await fakeAgent();
  onTestFinished(() => fake.stop());
  return { fake, config: { baseUrl: fake.baseUrl, agentId: 'a b', apiKey: 'key' as string | undefined } };
};

describe('where the conversation is opened', () => {
  it('is asked of ElevenLabs with the key', async () => {
    const { fake, config } = await agent();
    expect(await conversationAddress(config, 1000)).toMatch(/^ws:\/\/127\.0\.0\.1.*conversation_signature=s$/);
    expect(fake.contacts).toContain('GET /v1/convai/conversation/get-signed-url?agent_id=a%20b key=key');
  });

  it('is the public address without a key, and nobody is asked', async () => {
    const { fake, config } = await agent();
    expect(await conversationAddress({ ...config, apiKey: undefined }, 1000)).toBe(`${fake.baseUrl.replace('http', 'ws')}/v1/convai/conversation?agent_id=a%20b`);
    expect(fake.contacts).toEqual([]);
  });

  it.each([
    ['is refused', 401, '{"detail":{"status":"invalid_api_key"}}', 'agent-unauthorized'],
    ['is answered with something that is no address', 200, '{"signed_url":"http://elsewhere"}', 'agent-unreachable'],
    ['is answered with no JSON', 200, '<html>', 'agent-unreachable'],
    ['is answered without end', 200, 'x'.repeat(100_000), 'agent-unreachable'],
  ])('fails by name when it %s', async (_what, status, body, fault) => {
    const { fake, config } = await agent();
    fake.refuse = (response) => void response.writeHead(status).end(body);
    await expect(conversationAddress(config, 1000)).rejects.toMatchObject({ name: 'AgentUnavailable', fault });
  });

  it('fails by name when nobody answers, or nobody is there', async () => {
    const { fake, config } = await agent();
    fake.refuse = () => {};
    await expect(conversationAddress(config, 30)).rejects.toMatchObject({ fault: 'agent-unreachable' });
    await expect(conversationAddress({ ...config, baseUrl: 'http://127.0.0.1:1' }, 1000)).rejects.toMatchObject({ fault: 'agent-unreachable', status: 0 });
  });
});

describe('a conversation that is closed while it opens', () => {
  it('never reaches the agent with its first frame, and tells nobody', async () => {
    const { fake, config } = await agent();
    const told: unknown[] = [];
    const opening = Promise.withResolvers<{ variables: Record<string, string>; voiceId: null }>();
    const talk = openConversation(config, opening.promise, { message: (m) => told.push(m), closed: (c) => told.push(c) });
    talk.close();
    talk.close();
    opening.resolve({ variables: {}, voiceId: null });
    await fetch(`${fake.baseUrl}/wait`);
    expect(fake.contacts.some((contact) => contact.startsWith('upgrade'))).toBe(false);
    expect(told).toEqual([]);
  });
});

describe('why the agent was lost', () => {
  const close = (code: number, reason = '', more = {}) => faultOfClose({ code, reason, error: undefined, opened: true, queued: false, ...more });
  it.each([
    [close(1002, 'This request exceeds your quota limit.'), 'agent-quota-exceeded'],
    [close(1002, 'llm_timeout'), 'agent-crashed'],
    [close(1008, "Override for field 'voice_id' is not allowed by config."), 'agent-override-refused'],
    [close(1008, '', { error: { code: 1008, text: 'missing_dynamic_variable x' } }), 'agent-variables-missing'],
    [close(1008), 'agent-refused'],
    [close(1011), 'agent-crashed'],
    [close(1006), 'agent-crashed'],
    [close(1006, '', { opened: false }), 'agent-unreachable'],
    [close(3000), 'agent-not-found'],
    [close(3000, 'Could not authorize the conversation'), 'agent-unauthorized'],
    [close(3008), 'agent-queue-timeout'],
    [close(1000, '', { queued: true }), 'agent-queue-timeout'],
    [close(1000, '', { error: { code: null, text: 'exceeds your quota limit' } }), 'agent-quota-exceeded'],
    [faultOfAnswer(401, { detail: { status: 'quota_exceeded' } }), 'agent-quota-exceeded'],
    [faultOfAnswer(401, { detail: { status: 'missing_permissions' } }), 'agent-unauthorized'],
    [faultOfAnswer(403, undefined), 'agent-unauthorized'],
    [faultOfAnswer(402, undefined), 'agent-quota-exceeded'],
    [faultOfAnswer(404, { detail: 'Not Found' }), 'agent-not-found'],
    [faultOfAnswer(422, { detail: [{ loc: ['query', 'agent_id'], msg: 'Field required', type: 'missing' }] }), 'agent-refused'],
    [faultOfAnswer(429, { detail: { status: 'system_busy' } }), 'agent-busy'],
    [faultOfAnswer(503, 'x'), 'agent-unreachable'],
  ])('case %#: %s', (found, expected) => {
    expect(found).toBe(expected);
  });
});
