// One lead, an outbox, and an endpoint with a script, over memory and a clock that stands still: for the stories of delivering.
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';
import { handClock } from '#doubles/clock.ts';
import { memoryStores } from '#doubles/memory-stores.ts';
import { leadIdNumber, newEnquiry } from '#doubles/records.ts';
import { deliverLead } from '#outbox/deliver-lead.ts';
import { httpEndpoint } from '#outbox/endpoint.ts';
import { messageIdOf, newMessage, type OutboxMessage } from '#outbox/message.ts';
import type { Outcome } from '#outbox/outcome.ts';
import type { DeliverDeps, Destination } from '#outbox/ports.ts';

export const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
export const leadId = leadIdNumber(1);
export const idOf = (sequence: number): string => messageIdOf(leadId, sequence);

/** Fails the test when the convention's own package would have signed otherwise; gives the id and the body. */
export const readSigned = (init: RequestInit | undefined, key: string = secret): { id: string; outcome: Outcome } => {
  const headers = init?.headers as Record<string, string>;
  const id = headers['webhook-id']!;
  expect(headers['webhook-signature']).toBe(new Webhook(key).sign(id, new Date(Number(headers['webhook-timestamp']) * 1000), init?.body as string));
  return { id, outcome: JSON.parse(init?.body as string) as Outcome };
};

/** The endpoint answers with these statuses, then 200 for ever. */
export const office = async (...statuses: number[]) => {
  const clock = handClock();
  const stores = memoryStores({ clock });
  await stores.leads.createEnquiry(newEnquiry(1));
  const nudges: { leadId: string; once: string }[] = [];
  const posts: { id: string; at: string; outcome: Outcome }[] = [];
  const endpoint = httpEndpoint({ url: 'https://crm.example/hook', secret, send: async (_url, init) => {
    posts.push({ ...readSigned(init), at: clock.iso() });
    return new Response(null, { status: statuses.shift() ?? 200 });
  } });
  let where: Awaited<ReturnType<Destination>> = endpoint;
  const deps: DeliverDeps = {
    leads: stores.leads, calls: stores.calls, outbox: stores.outbox, clock, random: () => 0, destination: async () => where,
    outboxQueue: { nudge: async (lead, once) => { nudges.push({ leadId: lead, once }); } },
  };
  return {
    clock, stores, nudges, posts, deps, endpoint,
    add: (sequence: number, more: Partial<OutboxMessage> = {}) =>
      stores.outbox.add({ ...newMessage(leadId, sequence, { occurredAt: clock.iso(), status: 'reached', disposition: 'interested', erased: false }, clock.iso()), ...more }),
    deliver: () => deliverLead(deps)(leadId),
    message: (sequence: number) => stores.outbox.message(idOf(sequence)),
    /** Without an argument: the endpoint is back. */
    unplug: (missing?: string) => { where = missing === undefined ? endpoint : { missing }; },
    sent: () => posts.map(({ id }) => id),
  };
};
