import { describe, expect, it } from 'vitest';
import { signatureOf, webhookDelivery } from '#local/elevenlabs/webhook.ts';
import { webhookReceiver } from './receiver.ts';

const BODY = '{"type":"post_call_transcription","event_timestamp":1795239772,"data":{"conversation_id":"conv_1"}}';

describe('the post-call webhook', () => {
  it('is signed as the real one signs', () => {
    expect(signatureOf('wsec_example_only', 1_795_239_772, BODY)).toBe('t=1795239772,v0=3d4049410094339ad91672607a33c77e455c71da45df4a35cc68e4e1ca3de052');
    expect(signatureOf('wsec_other', 1_795_239_772, BODY)).toBe('t=1795239772,v0=3e4133e1141603ff31114e719c17b9b4691423cf3964bb8ef2833aeb70b20297');
    expect(signatureOf('wsec_example_only', 1_795_239_772, `${BODY} `)).toBe('t=1795239772,v0=ec6e10e866108cdcc867c9ba856ef20e988561287141ed106eee4e7886f811a2');
    expect(signatureOf('wsec_example_only', 1_795_237_912, BODY)).toBe('t=1795237912,v0=88e5686d3dcfbf4545eda253be5fafa7a03237cfc4cdf1fbfd7c4dddce5b69d8');
  });

  it('carries type, time and the conversation, signed over the bytes that are sent', async () => {
    const receiver = await webhookReceiver();
    await webhookDelivery({ url: receiver.url, secret: 'wsec_test' }).deliver({ conversation_id: 'conv_1' }, () => undefined);
    const { signature, body } = await receiver.next();
    const parsed = JSON.parse(body) as { type: string; event_timestamp: number; data: unknown };
    expect(parsed).toEqual({ type: 'post_call_transcription', event_timestamp: expect.any(Number) as number, data: { conversation_id: 'conv_1' } });
    expect(signatureOf('wsec_test', Number(/t=(\d+)/u.exec(signature)?.[1]), body)).toBe(signature);
  });

  it('is sent once and no more, whatever the answer, unless retries are on', async () => {
    const receiver = await webhookReceiver([500, 500]);
    const answers: unknown[] = [];
    await webhookDelivery({ url: receiver.url, secret: 's' }).deliver({}, (status) => answers.push(status));
    expect(answers).toEqual([500]);
  });

  it('is sent again with the same body after 5xx, 429 and 408 when retries are on', async () => {
    const receiver = await webhookReceiver([500, 429, 408]);
    const answers: unknown[] = [];
    await webhookDelivery({ url: receiver.url, secret: 's', retry: [1, 1, 1, 1] }).deliver({ a: 1 }, (status) => answers.push(status));
    expect(answers).toEqual([500, 429, 408, 200]);
    expect(new Set(receiver.deliveries.map(({ body }) => body)).size).toBe(1);
  });

  it('is not sent again after a 202 or a 404, though neither is success', async () => {
    for (const status of [202, 404]) {
      const answers: unknown[] = [];
      await webhookDelivery({ url: (await webhookReceiver([status])).url, secret: 's', retry: [1] }).deliver({}, (answer) => answers.push(answer));
      expect(answers).toEqual([status]);
    }
  });

  it('says that nobody answered when nobody listens', async () => {
    const answers: unknown[] = [];
    await webhookDelivery({ url: 'http://127.0.0.1:1/', secret: 's' }).deliver({}, (status) => answers.push(status));
    expect(answers).toEqual(['no-answer']);
  });
});
