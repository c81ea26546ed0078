import { describe, expect, it, onTestFinished } from 'vitest';
import type { CarrierName } from '#calls/lead.ts';
import { fakeAgent } from '#doubles/fake-agent.ts';
import { readEnv } from '#house/env.ts';
import { silentLog } from '#house/log.ts';
import { relayDeps } from '#relay/compose.ts';
import { house } from './house.ts';

describe('the agent that a relay opens', () => {
  const composed = async (more: Record<string, string> = {}) => {
    const agent = await fakeAgent();
    const deps = relayDeps(readEnv({
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', STREAM_TICKET_SECRET: 'secret', ELEVENLABS_API_BASE_URL: agent.baseUrl, ELEVENLABS_API_KEY: 'key', ELEVENLABS_AGENT_ID: 'agent_main', ...more,
    }), silentLog);
    const open = async (carrier: CarrierName): Promise<void> => {
      const talk = deps.openAgent({ variables: {}, voiceId: null }, { message: () => {}, closed: () => {} }, carrier);
      onTestFinished(() => talk.close());
      await agent.conversations.next(() => true);
    };
    onTestFinished(async () => {
      deps.release?.();
      await agent.stop();
    });
    return { agent, open, asked: () => agent.contacts.filter((contact) => contact.startsWith('GET')).map((contact) => /agent_id=(\w+)/.exec(contact)?.[1]) };
  };

  it('is the one that speaks the carrier\'s format', async () => {
    const { open, asked } = await composed({ ELEVENLABS_AGENT_ID_EXOTEL: 'agent_exotel' });
    await open('exotel');
    expect(new Set(asked())).toEqual(new Set(['agent_exotel']));
    await open('twilio');
    expect(new Set(asked())).toEqual(new Set(['agent_exotel', 'agent_main']));
  });

  it('is asked for the next call\'s address beside this one\'s', async () => {
    const { agent, open } = await composed();
    let times = 0;
    const twice = new Promise<void>((resolve) => {
      agent.refuse = (response) => {
        response.end(JSON.stringify({ signed_url: `${agent.baseUrl.replace('http', 'ws')}/?conversation_signature=${++times}` }));
        if (times === 2) resolve();
      };
    });
    await open('twilio');
    await expect(twice).resolves.toBeUndefined();
  });

  it('is opened while the phone rings only where somebody chose so', () => {
    const rings = (more: Record<string, string>) => relayDeps(readEnv({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', STREAM_TICKET_SECRET: 'secret', ELEVENLABS_AGENT_ID: 'agent_main', ...more }), silentLog).rings;
    expect([rings({}), rings({ AGENT_OPENS: 'answer' })]).toEqual([undefined, undefined]);
    expect(rings({ AGENT_OPENS: 'ringing', ELEVENLABS_API_KEY: 'key' })).toHaveProperty('forget');
    // A public agent's conversations cannot be deleted by us: they would stay on the list for ever.
    expect(rings({ AGENT_OPENS: 'ringing' })).not.toHaveProperty('forget');
  });

  it('is the only one there is, where Exotel has none of its own', async () => {
    const { open, asked } = await composed({ ELEVENLABS_AGENT_ID_EXOTEL: '' });
    await open('exotel');
    await open('twilio');
    expect(new Set(asked())).toEqual(new Set(['agent_main']));
  });
});

describe('a relay that stops', () => {
  it('lets go of what it had taken ahead of need, when the last call has gone', async () => {
    const order: string[] = [];
    const { relay, call, events } = await house({}, { release: () => order.push('released') });
    await call();
    await relay.stop();
    order.push('stopped');
    expect(events.all.map(({ kind }) => kind)).toContain('stream-failed');
    await relay.stop();
    expect(order).toEqual(['released', 'stopped']);
  });
});
