import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeadStatus } from '#calls/lead.ts';
import { Crash, mortal, type CrashPlan } from '#doubles/crash.ts';
import { handClock } from '#doubles/clock.ts';
import { memoryStores } from '#doubles/memory-stores.ts';
import { leadIdNumber, newEnquiry } from '#doubles/records.ts';
import { deliverLead } from '#outbox/deliver-lead.ts';
import { httpEndpoint } from '#outbox/endpoint.ts';
import type { LeadChange, LeadFacts, OutboxMessage } from '#outbox/message.ts';
import { messageFor, noteOutcome } from '#outbox/note-outcome.ts';
import { nudgeDue } from '#outbox/nudge-due.ts';
import { outcomeSchema } from '#outbox/outcome.ts';
import { readSigned, secret } from './office.ts';

type Mood = 200 | 204 | 302 | 404 | 410 | 429 | 500 | 503 | 'silent' | 'died after reading';
type Step =
  | { do: 'change'; lead: number; status: LeadStatus; summary: string | null }
  | { do: 'read'; crash?: CrashPlan }
  | { do: 'reread'; back: number }
  | { do: 'deliver'; pick: number; crash?: CrashPlan }
  | { do: 'lose'; pick: number }
  | { do: 'sweep'; crash?: CrashPlan }
  | { do: 'wait'; seconds: number }
  | { do: 'mood'; mood: Mood };

const moods: Mood[] = [200, 204, 302, 404, 410, 429, 500, 503, 'silent', 'died after reading'];
const LEADS = 3;
const crash = fc.option(fc.record({ at: fc.nat(12), when: fc.constantFrom('before' as const, 'after' as const) }), { nil: undefined, freq: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), lead: fc.nat(LEADS - 1), status: fc.constantFrom<LeadStatus>('dialling', 'reached', 'unreachable', 'refused', 'do-not-call'), summary: fc.option(fc.constantFrom('one', 'other'), { nil: null }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), crash }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reread' as const), back: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick: fc.nat(50), crash }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), pick: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sweep' as const), crash }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 10, 60, 600, 3_600, 30_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mood' as const), mood: fc.constantFrom(...moods) }) },
) as fc.Arbitrary<Step>;

/** Everything between the table and the CRM, one process at a time, any of which may die at any step. */
const world = async () => {
  const clock = handClock();
  const stores = memoryStores({ clock });
  for (let lead = 0; lead < LEADS; lead += 1) await stores.leads.createEnquiry(newEnquiry(lead + 1));
  const stream: LeadChange[] = [];
  let checkpoint = 0;
  /** A FIFO queue: the first nudge of each lead can be had, and is gone when its handler ended well. */
  const queue: { leadId: string; once: string }[] = [];
  let mood: Mood = 200;
  const posts: { id: string; leadId: string; sequence: number; mood: Mood }[] = [];
  const endpoint = httpEndpoint({ url: 'https://crm.example/hook', secret, send: async (_url, init) => {
    const { id, outcome } = readSigned(init);
    expect(outcomeSchema.parse(outcome).id).toBe(id);
    posts.push({ id, leadId: outcome.lead.leadId, sequence: outcome.sequence, mood });
    if (mood === 'silent' || mood === 'died after reading') throw new TypeError('fetch failed');
    return new Response(null, { status: mood, headers: mood === 429 || mood === 503 ? { 'retry-after': '3000' } : {} });
  } });
  const outboxQueue = { nudge: async (leadId: string, once: string) => { if (!queue.some((nudge) => nudge.once === once)) queue.push({ leadId, once }); } };
  const process = (plan: CrashPlan | undefined) => mortal({ leads: stores.leads, calls: stores.calls, outbox: stores.outbox, outboxQueue, line: endpoint, clock }, plan).deps;
  const deps = (plan?: CrashPlan) => {
    const { line, ...ports } = process(plan);
    return { ...ports, random: () => 0.5, destination: async () => line };
  };
  const survive = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return false;
    }
  };
  const read = async (plan?: CrashPlan): Promise<void> => {
    const note = noteOutcome(deps(plan));
    // The checkpoint is written after the batch: who dies in it begins at its start.
    if (await survive(async () => { for (const change of stream.slice(checkpoint)) await note(change); })) checkpoint = stream.length;
  };
  const deliver = async (pick: number, plan?: CrashPlan): Promise<void> => {
    const heads = queue.filter((nudge, i) => queue.findIndex((other) => other.leadId === nudge.leadId) === i);
    const nudge = heads[pick % Math.max(1, heads.length)];
    if (nudge && await survive(() => deliverLead(deps(plan))(nudge.leadId))) queue.splice(queue.indexOf(nudge), 1);
  };
  const run = async (one: Step): Promise<void> => {
    switch (one.do) {
      case 'change': {
        const lead = (await stores.leads.lead(leadIdNumber(one.lead + 1)))!;
        const facts = (from: LeadFacts): LeadFacts => ({ status: from.status, disposition: from.disposition, summary: from.summary, version: from.version });
        await stores.leads.settleLead(lead.leadId, lead.version, { status: one.status, disposition: 'unknown', summary: one.summary });
        stream.push({ leadId: lead.leadId, at: clock.iso(), before: facts(lead), after: facts((await stores.leads.lead(lead.leadId))!), expired: false });
        return;
      }
      case 'read': return read(one.crash);
      case 'reread': checkpoint = Math.max(0, checkpoint - one.back); return;
      case 'deliver': return deliver(one.pick, one.crash);
      case 'lose': queue.splice(one.pick % Math.max(1, queue.length), 1); return;
      case 'sweep': await survive(nudgeDue(deps(one.crash))); return;
      case 'wait': clock.forward(one.seconds * 1000); return;
      case 'mood': ({ mood } = one); return;
    }
  };
  return { clock, stores, stream, queue, posts, run, read, deliver, sweep: () => nudgeDue(deps())(), setMood: (next: Mood) => { mood = next; } };
};

/** Everything works from here on, but for the endpoint's mood; time passes until nothing is left to do. */
const settle = async (made: Awaited<ReturnType<typeof world>>): Promise<void> => {
  await made.read();
  for (let quiet = 0; quiet < 3;) {
    await made.sweep();
    while (made.queue.length > 0) await made.deliver(0);
    made.clock.forward(20 * 60_000);
    const left = [...made.stores.memory.messages.values()].some((message) => message.state === 'pending');
    quiet = left ? 0 : quiet + 1;
  }
};

describe('the outbox under random faults', () => {
  it('loses nothing, keeps the order of each lead and the id of each message, and ends every one', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.constantFrom(...moods), async (steps, last) => {
      const made = await world();
      for (const one of steps) await made.run(one);
      made.setMood(last);
      await settle(made);
      const messages = [...made.stores.memory.messages.values()];

      // Nothing lost, nothing made up: one message a change that calls for one, under the id that follows from it.
      const expected = made.stream.flatMap((change) => messageFor(change, change.at)?.id ?? []);
      expect(messages.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());

      // Each ends delivered because the endpoint took it, or dead because it was gone, or because a day was in vain.
      const wellEnded = (message: OutboxMessage): boolean => {
        const own = made.posts.filter(({ id }) => id === message.id);
        if (message.state === 'delivered') return own.some(({ mood }) => mood === 200 || mood === 204);
        const last = message.lastTries.at(-1)!;
        const tookMs = Date.parse(last.at) - Date.parse(message.firstTriedAt!);
        return message.state === 'dead' && message.reason !== null && own.length > 0 && (last.status === 410 || tookMs >= 86_400_000);
      };
      expect(messages.filter((message) => !wellEnded(message))).toEqual([]);

      // No message is posted after a later one of its lead.
      for (let lead = 1; lead <= LEADS; lead += 1) {
        const order = made.posts.filter(({ leadId }) => leadId === leadIdNumber(lead)).map(({ sequence }) => sequence);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    }), { numRuns: 200 });
  });

  it('holds up no lead because of another', async () => {
    const made = await world();
    for (const lead of [0, 1, 2]) await made.run({ do: 'change', lead, status: 'reached', summary: null });
    await made.read();
    made.setMood(500);
    await made.deliver(0);
    made.setMood(200);
    while (made.queue.length > 0) await made.deliver(0);
    expect([...made.stores.memory.messages.values()].map(({ state }) => state)).toEqual(['pending', 'delivered', 'delivered']);
  });
});
