// Permission to dial: every rule, in the order in which they are asked.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentHash } from '#calls/consent.ts';
import type { Consent } from '#calls/lead.ts';
import { type Decision, permissionToDial, type Question } from '#calls/permission.ts';
import { type Policy, readPolicy } from '#calls/policy.ts';

const policy = readPolicy({});
const text = 'Please call me back about my enquiry.';
const consent: Consent = { text, textHash: consentHash(text), at: '2026-11-17T00:00:00Z', ip: null, userAgent: null, formUrl: null };
// A Wednesday, 12:30 in India.
const noon = '2026-11-18T07:00:00Z';
const ask = (more: Partial<Question> = {}, by: Policy = policy): Decision => permissionToDial({
  now: noon, phone: '+919876543210', leadTimeZone: null, consent, suppression: null, dialledAt: [], killSwitch: false, attemptNumber: 1, ...more,
}, by);

it('allows a consented call within hours, and says what it knew', () => {
  expect(ask()).toEqual({
    at: '2026-11-18T07:00:00.000Z', outcome: 'allowed', code: 'allowed', reason: 'Consent is on record, and it is within calling hours.', until: null,
    policyVersion: expect.stringMatching(/^default\+[0-9a-f]{8}$/) as unknown,
    facts: { attemptNumber: 1, country: 'IN', numberType: 'mobile', dialsInDay: 0, dialsInWeek: 0, dialsInMonth: 0, zone: 'Asia/Kolkata', zoneFrom: 'number' },
  });
});

describe('refuses', () => {
  it.each<[string, Partial<Question>]>([
    ['kill-switch', { killSwitch: true }],
    ['clock-unreadable', { now: 'noon' }],
    ['no-consent', { consent: null }],
    ['no-consent', { consent: { ...consent, text: ' ', textHash: consentHash(' ') } }],
    ['no-consent', { consent: { ...consent, at: 'today' } }],
    ['consent-altered', { consent: { ...consent, text: `${text} And write to me.` } }],
    ['consent-altered', { consent: { ...consent, textHash: '' } }],
    ['consent-from-the-future', { consent: { ...consent, at: '2026-11-18T07:05:00.001Z' } }],
    ['consent-too-old', { consent: { ...consent, at: '2026-10-19T06:59:59.999Z' } }],
    ['do-not-call', { suppression: { reason: 'opt-out' } }],
    ['do-not-call', { suppression: { reason: 'carrier-dnd' } }],
    ['do-not-call', { suppression: { reason: 'toString' } }],
    ['number-unreadable', { phone: '9876543210' }],
    ['number-unreadable', { phone: '+91 98765 43210' }],
    ['number-unreadable', { phone: '' }],
    ['prefix-refused', { phone: '+870773111632' }],
    ['prefix-refused', { phone: '+881612345678' }],
    ['prefix-refused', { phone: '+883510012345' }],
    ['prefix-refused', { phone: '+80012345678' }],
    ['prefix-refused', { phone: '+19005551234' }],
    ['type-refused', { phone: '+18005551234' }],
    ['type-refused', { phone: '+33899123456' }],
    ['type-refused', { phone: '+9118001234567' }],
    ['country-not-allowed', { phone: '+5352345678' }],
    ['country-not-allowed', { phone: '+18765550100' }],
    ['history-unreadable', { dialledAt: ['yesterday'] }],
    ['too-many-attempts', { attemptNumber: 13 }],
    ['too-many-attempts', { attemptNumber: NaN }],
  ])('%s: %j', (code, more) => {
    expect(ask(more)).toMatchObject({ outcome: 'refused', code, until: null });
  });

  it('nothing that is just good enough', () => {
    expect(ask({ consent: { ...consent, at: '2026-11-18T07:05:00Z' } }).outcome).toBe('allowed');
    expect(ask({ consent: { ...consent, at: '2026-10-19T07:00:00Z' } }).outcome).toBe('allowed');
    expect(ask({ attemptNumber: 12 }).outcome).toBe('allowed');
  });

  it('by the policy’s own switch, countries, prefixes and types', () => {
    expect(ask({}, readPolicy({ killSwitch: true })).code).toBe('kill-switch');
    expect(ask({}, readPolicy({ countries: { allow: ['US'] } })).code).toBe('country-not-allowed');
    expect(ask({}, readPolicy({ countries: { refuse: ['IN'] } })).code).toBe('country-refused');
    expect(ask({}, readPolicy({ numbers: { refusedPrefixes: ['+9198'] } })).code).toBe('prefix-refused');
    expect(ask({}, readPolicy({ numbers: { refusedTypes: ['mobile'] } })).code).toBe('type-refused');
    expect(ask({ phone: '+5352345678', now: '2026-11-18T15:00:00Z' }, readPolicy({ countries: { allow: '*' } })).outcome).toBe('allowed');
  });

  it('a number without a time zone, unless the form gave one', () => {
    const open = readPolicy({ countries: { allow: '*' }, numbers: { refusedPrefixes: [], refusedTypes: [] } });
    expect(ask({ phone: '+870773111632' }, open)).toMatchObject({ outcome: 'refused', code: 'no-time-zone', facts: { zone: null, zoneFrom: 'none' } });
    expect(ask({ phone: '+870773111632', leadTimeZone: 'Asia/Kolkata' }, open)).toMatchObject({ outcome: 'allowed', facts: { zoneFrom: 'form' } });
    expect(ask({ phone: '+870773111632', leadTimeZone: 'UTC' }, open).code).toBe('no-time-zone');
  });

  it('a call for which there is no hour at all', () => {
    expect(ask({}, readPolicy({ hours: { byCountry: { IN: [] } } })).code).toBe('never-open');
  });

  it('a call whose next hour comes after the consent has lapsed', () => {
    expect(ask({ now: '2026-11-18T20:00:00Z', consent: { ...consent, at: '2026-10-19T23:00:00Z' } })).toMatchObject({ outcome: 'refused', code: 'consent-too-old' });
  });

  it('for the first reason in the order of the rules', () => {
    const worst: Partial<Question> = { killSwitch: true, consent: null, suppression: { reason: 'api' }, phone: '+870773111632', attemptNumber: 99, dialledAt: [noon, noon, noon] };
    const codes = [worst, { ...worst, killSwitch: false }, { ...worst, killSwitch: false, consent }, { ...worst, killSwitch: false, consent, suppression: null },
      { ...worst, killSwitch: false, consent, suppression: null, phone: '+919876543210' }, { dialledAt: [noon, noon, noon], now: noon }].map((question) => ask(question).code);
    expect(codes).toEqual(['kill-switch', 'no-consent', 'do-not-call', 'prefix-refused', 'too-many-attempts', 'too-often']);
  });
});

describe('keeps the hours', () => {
  // The consent of these tables is a day old, whenever they are set.
  const answer = (now: string, phone: string, leadTimeZone: string | null): string => {
    const decision = ask({ now, phone, leadTimeZone, consent: { ...consent, at: new Date(Date.parse(now) - 86_400_000).toISOString() } });
    return decision.until?.replace('.000Z', 'Z') ?? decision.outcome;
  };

  it.each<[string, string, string | null, string]>([
    // Half-hour and quarter-hour zones.
    ['2026-11-18T03:29:59Z', '+919876543210', null, '2026-11-18T03:30:00Z'],
    ['2026-11-18T15:29:59Z', '+919876543210', null, 'allowed'],
    ['2026-11-18T15:30:00Z', '+919876543210', null, '2026-11-19T03:30:00Z'],
    // The area code, and the form's zone, which knows better.
    ['2026-11-18T14:00:00Z', '+12125550100', null, 'allowed'],
    ['2026-11-18T14:00:00Z', '+12125550100', 'America/Los_Angeles', '2026-11-18T17:00:00Z'],
    ['2026-11-19T04:30:00Z', '+12125550100', 'America/Los_Angeles', 'allowed'],
    ['2026-11-18T14:00:00Z', '+12125550100', 'US/Eastern', 'allowed'],
    // A country of six zones: open from 09:00 in Hawaii to 21:00 in New York.
    ['2026-11-18T18:59:59Z', '+19995550100', null, '2026-11-18T19:00:00Z'],
    ['2026-11-18T19:00:00Z', '+19995550100', null, 'allowed'],
    ['2026-11-19T01:59:59Z', '+19995550100', null, 'allowed'],
    ['2026-11-19T02:00:00Z', '+19995550100', null, '2026-11-19T19:00:00Z'],
    // A zone that is none, or that names no place, counts as none.
    ['2026-11-18T14:00:00Z', '+12125550100', 'Mars/Olympus', 'allowed'],
    ['2026-11-18T12:00:00Z', '+12125550100', 'UTC', '2026-11-18T14:00:00Z'],
    // A visitor from India in New York: both must be awake.
    ['2026-11-18T07:00:00Z', '+919876543210', 'America/New_York', '2026-11-18T14:00:00Z'],
    ['2026-11-18T15:30:00Z', '+919876543210', 'America/New_York', '2026-11-19T14:00:00Z'],
    // Paris and Auckland are never open together; the number's country decides.
    ['2026-11-18T09:30:00Z', '+33612345678', 'Pacific/Auckland', 'allowed'],
    ['2026-11-18T12:30:00Z', '+33612345678', 'Pacific/Auckland', '2026-11-18T13:00:00Z'],
    // The nights when clocks change, on days without Sunday rest: New York and London.
    ['2026-03-08T12:59:59Z', '+12125550100', null, '2026-03-08T13:00:00Z'],
    ['2026-11-01T13:00:00Z', '+12125550100', null, '2026-11-01T14:00:00Z'],
    ['2026-03-29T07:59:59Z', '+447700900123', null, '2026-03-29T08:00:00Z'],
    ['2026-10-25T08:30:00Z', '+447700900123', null, '2026-10-25T09:00:00Z'],
    // France at noon, on a weekend, and over Easter; Spain on a Saturday; Germany on a Sunday; Italy on a Saturday morning.
    ['2026-11-18T12:00:00Z', '+33612345678', null, '2026-11-18T13:00:00Z'],
    ['2026-11-21T10:00:00Z', '+33612345678', null, '2026-11-23T09:00:00Z'],
    ['2026-04-03T18:30:00Z', '+33612345678', null, '2026-04-07T08:00:00Z'],
    ['2026-11-21T10:00:00Z', '+34912345678', null, '2026-11-23T08:00:00Z'],
    ['2026-11-22T10:00:00Z', '+4915123456789', null, '2026-11-23T08:00:00Z'],
    ['2026-11-21T08:30:00Z', '+390612345678', null, '2026-11-21T09:00:00Z'],
    // Christmas in the United Kingdom in 2027: Saturday, Sunday, and both days kept again.
    ['2027-12-25T12:00:00Z', '+447700900123', null, '2027-12-29T09:00:00Z'],
    ['2026-11-26T18:00:00Z', '+12125550100', null, '2026-11-27T14:00:00Z'],
  ])('at %s for %s (form: %s): %s', (now, phone, zone, expected) => {
    expect(answer(now, phone, zone)).toBe(expected);
  });

  it('of the policy, when it is open all day', () => {
    const open = readPolicy({ hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] }, holidays: { builtIn: false }, countries: { allow: '*' } });
    for (let hour = 0; hour < 24; hour += 1) expect(ask({ now: new Date(Date.UTC(2026, 11, 6, hour)).toISOString(), phone: '+4915123456789' }, open).outcome).toBe('allowed');
  });

  it('says whose zone decided', () => {
    const from = (phone: string, zone: string | null) => ask({ phone, leadTimeZone: zone }).facts['zoneFrom'];
    expect([from('+919876543210', null), from('+919876543210', 'Asia/Calcutta'), from('+919876543210', 'Asia/Dubai')]).toEqual(['number', 'form', 'form-and-number']);
  });
});

describe('keeps the number of calls', () => {
  const minutesAgo = (...minutes: number[]): string[] => minutes.map((m) => new Date(Date.parse(noon) - m * 60_000).toISOString());

  it.each<[string, string[], string]>([
    ['two in ten minutes', minutesAgo(3, 9), '2026-11-18T07:01:00.000Z'],
    ['in any order', minutesAgo(9, 3), '2026-11-18T07:01:00.000Z'],
    ['three in a day, then within hours', minutesAgo(20, 60, 120), '2026-11-19T05:00:00.000Z'],
    ['three in a day, when the window ends at night', minutesAgo(20, 60, 23 * 60 + 50), '2026-11-18T07:10:00.000Z'],
    ['six in a week', minutesAgo(6 * 1440, 5 * 1440, 4 * 1440, 3 * 1440, 2 * 1440, 1440), '2026-11-19T07:00:00.000Z'],
  ])('%s', (_, dialledAt, until) => {
    expect(ask({ dialledAt })).toMatchObject({ outcome: 'later', code: 'too-often', until });
  });

  it('but not beyond', () => {
    expect(ask({ dialledAt: minutesAgo(3, 10) }).outcome).toBe('allowed');
    expect(ask({ dialledAt: minutesAgo(20, 60, 1440) }).outcome).toBe('allowed');
  });

  it('waits for the calling hours after the window', () => {
    // Dialled three times late yesterday evening, Indian time; the first leaves the window at 20:59, the second at 21:10.
    const evening = ['2026-11-17T15:29:00Z', '2026-11-17T15:40:00Z', '2026-11-18T06:00:00Z', '2026-11-18T06:30:00Z'];
    expect(ask({ dialledAt: evening })).toMatchObject({ code: 'too-often', until: '2026-11-19T03:30:00.000Z' });
  });

  it('of a country that allows fewer', () => {
    const french = { phone: '+33612345678', now: '2026-11-18T10:00:00Z', dialledAt: ['2026-11-02T10:00:00Z', '2026-11-04T10:00:00Z', '2026-11-06T10:00:00Z', '2026-11-09T10:00:00Z'] };
    expect(ask(french)).toMatchObject({ code: 'too-often', until: '2026-12-02T10:00:00.000Z' });
    expect(ask({ ...french, phone: '+4915123456789' }).outcome).toBe('allowed');
  });

  it('of a policy that allows none', () => {
    expect(ask({}, readPolicy({ frequency: { perDay: 0 } }))).toMatchObject({ outcome: 'refused', code: 'too-often' });
  });
});

describe('for any question', () => {
  const instants = fc.date({ min: new Date('2026-01-01'), max: new Date('2028-01-01'), noInvalidDate: true }).map((d) => d.toISOString());
  const phones = fc.constantFrom('+919876543210', '+12125550100', '+19995550100', '+447700900123', '+33612345678', '+4915123456789', '+34612345678', '+61412345678', '+5511987654321', '+6421234567');
  const zones = fc.constantFrom(null, 'Asia/Kolkata', 'America/New_York', 'Pacific/Auckland', 'Europe/Berlin', 'America/Los_Angeles', 'Pacific/Honolulu', 'UTC', 'nowhere');
  const dials = (now: string): fc.Arbitrary<string[]> => fc.array(fc.integer({ min: 0, max: 40 * 1440 }).map((minutes) => new Date(Date.parse(now) - minutes * 60_000).toISOString()), { maxLength: 8 });
  const good = instants.chain((now) => fc.record<Question>({
    now: fc.constant(now), phone: phones, leadTimeZone: zones, consent: fc.integer({ min: 0, max: 32 * 1440 }).map((minutes) => ({ ...consent, at: new Date(Date.parse(now) - minutes * 60_000).toISOString() })),
    suppression: fc.constant(null), dialledAt: dials(now), killSwitch: fc.constant(false), attemptNumber: fc.integer({ min: 1, max: 12 }),
  }));

  it('gives exactly one answer and never throws', () => {
    const odd = fc.oneof(fc.string(), fc.constantFrom('', '+', '2026-11-18T07:00:00Z', '+275760-09-13T00:00:00Z', '8999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '+919876543210', 'Asia/Kolkata'));
    const any = fc.record<Question>({
      now: odd, phone: fc.oneof(odd, phones), leadTimeZone: fc.oneof(odd, zones), suppression: fc.oneof(fc.constant(null), fc.record({ reason: fc.string() })), dialledAt: fc.array(odd, { maxLength: 3 }),
      consent: fc.oneof(fc.constant(null), fc.constant(consent), fc.record({ text: odd, textHash: odd, at: odd, ip: odd, userAgent: odd, formUrl: odd })), killSwitch: fc.boolean(), attemptNumber: fc.oneof(fc.double(), fc.integer()),
    });
    fc.assert(fc.property(fc.oneof(any, fc.record({ good, broken: any, keys: fc.subarray(['now', 'phone', 'leadTimeZone', 'consent', 'suppression', 'dialledAt', 'attemptNumber'] as const) })
      .map(({ good: fine, broken, keys }) => Object.assign({}, fine, ...keys.map((key) => ({ [key]: broken[key] }))) as Question)), (question) => {
      const decision = permissionToDial(question, policy);
      expect(['allowed', 'later', 'refused']).toContain(decision.outcome);
      expect(decision.until !== null).toBe(decision.outcome === 'later');
      expect(decision.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(decision.reason).toMatch(/^[A-Z].*\.$/);
      expect(Object.values(decision.facts).every((fact) => fact === null || ['string', 'number', 'boolean'].includes(typeof fact))).toBe(true);
    }), { numRuns: 1500 });
  });

  it('puts off to a moment that is later, and at which it allows the call', () => {
    fc.assert(fc.property(good, (question) => {
      const decision = permissionToDial(question, policy);
      if (decision.until === null) return;
      expect(Date.parse(decision.until)).toBeGreaterThan(Date.parse(question.now));
      expect(permissionToDial({ ...question, now: decision.until }, policy)).toMatchObject({ outcome: 'allowed' });
    }), { numRuns: 600 });
  });

  it('does not put off past a moment that was open', () => {
    fc.assert(fc.property(good, fc.double({ min: 0, max: 1, noNaN: true }), (question, share) => {
      const decision = permissionToDial(question, policy);
      if (decision.until === null || decision.facts['zoneFrom'] === 'form-and-number') return;
      const between = Math.floor(Date.parse(question.now) + share * (Date.parse(decision.until) - Date.parse(question.now)));
      if (between >= Date.parse(decision.until)) return;
      expect(permissionToDial({ ...question, now: new Date(between).toISOString() }, policy)).toMatchObject({ outcome: 'later', until: decision.until });
    }), { numRuns: 400 });
  });

  it('keeps numbers, consent and addresses out of the record', () => {
    fc.assert(fc.property(good, (question) => {
      const record = JSON.stringify(permissionToDial(question, policy));
      expect(record).not.toContain(question.phone.slice(3));
      expect(record).not.toContain(text);
    }), { numRuns: 100 });
  });
});

it('answers the same question alike, whatever the order of earlier dials', () => {
  const dialledAt = ['2026-11-18T06:58:00Z', '2026-11-17T07:00:00Z', '2026-11-18T06:55:00Z'];
  expect(ask({ dialledAt })).toEqual(ask({ dialledAt: dialledAt.toReversed() }));
});
