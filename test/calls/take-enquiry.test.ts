import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '#calls/lead.ts';
import { makeWorld } from '#doubles/world.ts';
import { leadIdNumber, PHONE } from '#doubles/records.ts';

const first = attemptIdOf(leadIdNumber(1), 1);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const NIGHT = '2026-11-21T23:00:00.000Z';

describe('an enquiry', () => {
  it('writes lead, consent evidence and a ready attempt with its decision, and queues the dial', async () => {
    const world = makeWorld();
    expect(await world.enquire({}, { ip: '203.0.113.7', userAgent: 'Firefox' })).toEqual({ leadId: leadIdNumber(1), status: 'new' });
    const view = await world.view(leadIdNumber(1));
    expect(view).toMatchObject({ status: 'new', disposition: null, name: 'Ada Byron', phone: PHONE, timeZone: 'Europe/London', createdAt: world.clock.iso() });
    expect(view.consent).toEqual({ text: 'I agree that an AI voice agent calls me.', textHash: sha256('I agree that an AI voice agent calls me.'), at: world.clock.iso(), ip: '203.0.113.7', userAgent: 'Firefox', formUrl: 'https://example.com/form' });
    expect(view.attempts).toMatchObject([{ attemptId: first, state: 'ready', dueAt: world.clock.iso(), decision: { outcome: 'allowed' } }]);
    expect(world.messages.map(({ message }) => message)).toEqual([{ attemptId: first }]);
  });

  it('keeps the words of our own page as evidence when the sender does not say what was shown', async () => {
    const world = makeWorld();
    await world.enquire({ consentText: null });
    expect((await world.lead(leadIdNumber(1))).consent).toMatchObject({ text: 'The words on the page.', textHash: sha256('The words on the page.') });
  });

  it('answers the same key with the same answer, whatever became of the lead, for a day', async () => {
    const world = makeWorld();
    const answer = await world.enquire({}, { idempotencyKey: 'one' });
    await world.dialAll();
    world.clock.forward(23 * 3_600_000);
    expect(await world.enquire({}, { idempotencyKey: 'one' })).toEqual(answer);
    expect(world.twilio.rung).toHaveLength(1);
    world.clock.forward(3_600_000);
    expect((await world.enquire({}, { idempotencyKey: 'one' })).leadId).not.toBe(answer.leadId);
  });

  it('refuses the same key with other content', async () => {
    const world = makeWorld();
    await world.enquire({}, { idempotencyKey: 'one' });
    const before = world.stores.dump();
    await expect(world.enquire({ interest: 'a car' }, { idempotencyKey: 'one' })).rejects.toMatchObject({ kind: 'conflict', code: 'idempotency-key-reused', fields: [{ field: 'Idempotency-Key' }] });
    expect(world.stores.dump()).toBe(before);
  });

  it('takes the same number from the same form for the same enquiry during ten minutes, without a key', async () => {
    const world = makeWorld();
    const { leadId } = await world.enquire({ name: 'Ada' });
    world.clock.forward(599_000);
    expect((await world.enquire({ name: 'Ada B.' })).leadId).toBe(leadId);
    expect((await world.enquire({ formUrl: 'https://example.com/other' })).leadId).not.toBe(leadId);
    world.clock.forward(1_000);
    expect((await world.enquire({})).leadId).not.toBe(leadId);
  });

  it('makes one lead of a form that was sent twenty times at once, and gives everybody its answer', async () => {
    const world = makeWorld({ between: async () => { await new Promise<void>((resolve) => { setImmediate(resolve); }); } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.enquire({}, { idempotencyKey: 'one' })));
    expect(new Set(answers.map((answer) => answer.leadId)).size).toBe(1);
    expect(world.stores.memory.leads.size).toBe(1);
    expect(world.messages).toHaveLength(1);
    expect([...world.stores.memory.used.entries()].filter(([key]) => key.startsWith('enquiry#number')).map(([, used]) => used)).toEqual([1]);
  });

  it('is scheduled for the morning, at night', async () => {
    const world = makeWorld({ start: NIGHT });
    expect(await world.enquire()).toEqual({ leadId: leadIdNumber(1), status: 'scheduled' });
    const [attempt] = (await world.view(leadIdNumber(1))).attempts;
    expect(attempt).toMatchObject({ state: 'scheduled', decision: { outcome: 'later', code: 'outside-hours' } });
    expect(attempt!.dueAt > NIGHT).toBe(true);
    expect(attempt!.reason).toMatch(/outside calling hours/);
    expect([...world.schedules]).toEqual([[first, attempt!.dueAt]]);
    expect(world.messages).toEqual([]);
  });

  it('is kept and refused when the number is on the suppression list', async () => {
    const world = makeWorld();
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'opt-out', at: world.clock.iso(), note: null });
    expect((await world.enquire()).status).toBe('do-not-call');
    expect(await world.view(leadIdNumber(1))).toMatchObject({ status: 'do-not-call', disposition: 'do-not-call', attempts: [{ state: 'refused', decision: { code: 'do-not-call' } }] });
    expect([world.messages, [...world.schedules]]).toEqual([[], []]);
  });

  it('is kept and refused for a country that is not called', async () => {
    const world = makeWorld({ policy: { countries: { allow: ['IN'] } } });
    expect((await world.enquire()).status).toBe('refused');
    expect(await world.view(leadIdNumber(1))).toMatchObject({ status: 'refused', disposition: 'unknown', attempts: [{ state: 'refused', decision: { outcome: 'refused', code: 'country-not-allowed' } }] });
  });

  it.each([
    ['number', { policy: { caps: { perNumberPerDay: 2 } } }, (i: number) => ({ formUrl: `https://example.com/${i}` })],
    ['address', { policy: { caps: { perAddressPerHour: 2 } } }, (i: number) => ({ phone: `+44207946000${i}` })],
  ])('is refused with 429 when too many came for one %s, and nothing is written', async (_what, options, given) => {
    const world = makeWorld(options);
    await world.enquire(given(1));
    await world.enquire(given(2));
    const before = world.stores.dump();
    await expect(world.enquire(given(3))).rejects.toMatchObject({ kind: 'too-many' });
    const error = await world.enquire(given(3)).catch((thrown: unknown) => thrown as { retryAfterSeconds: number });
    expect((error as { retryAfterSeconds: number }).retryAfterSeconds).toBeGreaterThan(0);
    expect(world.stores.dump()).toBe(before);
    expect(world.messages).toHaveLength(2);
  });

  it('waits for tomorrow when all calls of the day are used, and says so', async () => {
    const world = makeWorld({ policy: { caps: { callsPerDay: 1 } } });
    await world.enquire();
    expect((await world.enquire({ phone: '+442079460019' })).status).toBe('scheduled');
    expect((await world.view(leadIdNumber(2))).attempts).toMatchObject([{ state: 'scheduled', dueAt: '2026-11-22T00:00:00.000Z', decision: { outcome: 'later', until: '2026-11-22T00:00:00.000Z' } }]);
  });

  it('lets 100 of 500 enquiries at once call today, never 101, and keeps the others for later', async () => {
    const world = makeWorld({ policy: { caps: { callsPerDay: 100, spendPerDay: 1_000_000, perAddressPerHour: 1000, perAddressPerDay: 1000 } }, between: async () => { await new Promise<void>((resolve) => { setImmediate(resolve); }); } });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => world.enquire({ phone: `+44207946${String(i).padStart(4, '0')}` })));
    expect(answers.filter(({ status }) => status === 'new')).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 'scheduled')).toHaveLength(400);
    expect(world.messages).toHaveLength(100);
    expect(world.schedules.size).toBe(400);
  });

  it('gives back what it had counted when it turns out to be a repeat', async () => {
    const world = makeWorld();
    await Promise.all([world.enquire({}, { idempotencyKey: 'one' }), world.enquire({}, { idempotencyKey: 'one' })]);
    expect(Object.fromEntries([...world.stores.memory.used].map(([key, used]) => [key.split('#')[1], used]))).toMatchObject({ number: 1, calls: 1 });
  });

  it('is dialled although its message could not be sent: the sweep sends it', async () => {
    const world = makeWorld();
    const send = world.deps.queue.send;
    world.enquiryDeps.queue = { send: async () => { throw new Error('SQS is away'); } };
    expect((await world.enquire()).status).toBe('new');
    expect(world.queueFailures).toEqual([first]);
    world.enquiryDeps.queue = { send };
    await world.sweep();
    expect(world.messages).toEqual([]);
    world.clock.forward(5_000);
    await world.sweep();
    await world.dialAll();
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([first]);
  });

  it('leaves a whole lead or nothing at whatever step its process is killed, and is dialled once when it is sent again', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 0; at < 12; at += 1) {
        const world = makeWorld();
        await world.enquire({}, { idempotencyKey: 'one' }, { at, when }).catch(() => {});
        const { leads, attempts, enquiries } = world.stores.memory;
        expect([attempts.size, enquiries.size]).toEqual([leads.size, leads.size]);
        const again = await world.enquire({}, { idempotencyKey: 'one' });
        expect(leads.size).toBe(1);
        await world.settleDown(2);
        expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([attemptIdOf(again.leadId, 1)]);
      }
    }
  });
});
