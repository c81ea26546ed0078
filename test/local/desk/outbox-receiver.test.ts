import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { outboxReceiver, type Delivery } from '#local/desk/outbox-receiver.ts';
import { startGateway } from '#local/gateway/server.ts';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const adminToken = 'the-token';

const receiver = async (more: { slowMs?: number } = {}) => {
  const { routes } = outboxReceiver({ secret, adminToken, ...more });
  const gateway = await startGateway({ port: 0, routes });
  onTestFinished(gateway.stop);
  const bearer = { authorization: `Bearer ${adminToken}` };
  return {
    /** Signed by the convention's own package. */
    deliver: (id: string, body: unknown, { at = new Date(), key = secret } = {}) => {
      const text = JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-signature': new Webhook(key).sign(id, at, text) };
      return fetch(`${gateway.url}/outbox-receiver`, { method: 'POST', headers, body: text, redirect: 'manual' });
    },
    post: (headers: Record<string, string>) => fetch(`${gateway.url}/outbox-receiver`, { method: 'POST', headers, body: '{}' }),
    had: async (): Promise<Delivery[]> => ((await (await fetch(`${gateway.url}/outbox-receiver`, { headers: bearer })).json()) as { deliveries: Delivery[] }).deliveries,
    read: (headers: Record<string, string>) => fetch(`${gateway.url}/outbox-receiver`, { headers }),
    behave: (manner: string) => fetch(`${gateway.url}/outbox-receiver/manner/${manner}`, { method: 'PUT', headers: bearer }),
  };
};
const outcome = (leadId: string, more: object = {}) => ({ type: 'lead.outcome', erased: false, lead: { leadId, name: 'Ada' }, ...more });

describe('the receiver at the desk', () => {
  it('takes what is signed well, and shows it, the latest first', async () => {
    const { deliver, had } = await receiver();
    expect((await deliver('msg_1', outcome('lead_1'))).status).toBe(200);
    expect((await deliver('msg_2', outcome('lead_2'))).status).toBe(200);
    await deliver('msg_1', outcome('lead_1'));
    expect((await had()).map(({ id, fault, repeated, answered }) => [id, fault, repeated, answered])).toEqual([['msg_1', null, true, 200], ['msg_2', null, false, 200], ['msg_1', null, false, 200]]);
    expect((await had())[1]?.outcome).toEqual(outcome('lead_2'));
  });

  it('refuses what is signed by another, long ago, or not at all, and keeps nothing of it', async () => {
    const { deliver, post, had } = await receiver();
    expect((await deliver('msg_1', outcome('lead_1'), { key: `whsec_${Buffer.alloc(32, 6).toString('base64')}` })).status).toBe(401);
    expect((await deliver('msg_1', outcome('lead_1'), { at: new Date(Date.now() - 301_000) })).status).toBe(401);
    expect((await post({})).status).toBe(401);
    expect((await had()).map(({ fault, outcome: kept }) => [fault, kept])).toEqual([
      ['webhook-id, webhook-timestamp or webhook-signature is missing', null], ['webhook-timestamp is not of these minutes', null], ['webhook-signature does not fit', null],
    ]);
  });

  it.each([['500', 500], ['410', 410], ['429', 429], ['redirect', 302], ['slow', 200]])('misbehaves on request: %s', async (manner, status) => {
    const { deliver, behave } = await receiver({ slowMs: 1 });
    expect((await behave(manner)).status).toBe(200);
    expect((await deliver('msg_1', outcome('lead_1'))).status).toBe(status);
    expect((await behave('ok')).status).toBe(200);
    expect((await deliver('msg_1', outcome('lead_1'))).status).toBe(200);
    expect((await behave('rude')).status).toBe(400);
  });

  it('forgets what it was told of a lead when it hears that it was erased', async () => {
    const { deliver, had } = await receiver();
    await deliver('msg_1', outcome('lead_1'));
    await deliver('msg_2', outcome('lead_2'));
    await deliver('msg_3', { type: 'lead.outcome', erased: true, lead: { leadId: 'lead_1' } });
    expect((await had()).map(({ id, outcome: kept }) => [id, kept !== null])).toEqual([['msg_3', true], ['msg_2', true], ['msg_1', false]]);
  });

  it('shows what it got to nobody without the admin token', async () => {
    const { read } = await receiver();
    expect([(await read({})).status, (await read({ authorization: 'Bearer other' })).status]).toEqual([401, 401]);
  });
});
