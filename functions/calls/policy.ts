// The policy: one document that says whom Ringback may ring, when, how often and at what cost. Read once by each composition
// root (POLICY_FILE); everything has a default, so `{}` is a policy. What each field means: docs/policy.md.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { VisibleError } from './errors.ts';
import { carrierNames } from './lead.ts';
import { holidayRules } from './holiday-rules.ts';
import { everyDayHours, lawfulHours, usualCountries } from './lawful-hours.ts';
import { canonicalZone } from './zones.ts';
import { numberTypes } from './phone.ts';

export const weekdayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdayNames)[number];

/** Open from `start` up to but not at `end`, local time `HH:MM`, on these days. "24:00" is the end of the day. */
export interface Window { days: Weekday[]; start: string; end: string }
/** All windows of one place; empty means never. */
export type CountryHours = Window[];

/** How an attempt can end so that trying again may make sense. Every other end is final. */
export const retryOutcomes = ['busy', 'no-answer', 'voicemail', 'failed', 'carrier-refused', 'carrier-failed', 'agent-failed', 'unknown', 'callback'] as const;
export type RetryOutcome = (typeof retryOutcomes)[number];

const whole = (least: number, most: number) => z.number().int().min(least).max(most);
const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
const clock = (end: boolean) => z.string().regex(end ? /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/ : /^([01]\d|2[0-3]):[0-5]\d$/,
  end ? 'must be a local time from "00:01" to "24:00", such as "21:00"' : 'must be a local time from "00:00" to "23:59", such as "09:00"');
const window = z.strictObject({ days: z.array(z.enum(weekdayNames)).min(1).default([...weekdayNames]), start: clock(false), end: clock(true) })
  .refine((w) => minutesOf(w.end) > minutesOf(w.start), { path: ['end'], message: 'must be later than start; hours over midnight are two windows, one up to "24:00" and one from "00:00"' });
const windows = z.array(window).max(20);
const country = z.string().regex(/^[A-Z]{2}$/, 'must be a country of two capital letters (ISO 3166), such as "IN"');
const zone = z.string().refine((text) => canonicalZone(text) !== undefined, 'must be an IANA time zone such as "Asia/Kolkata"').transform((text) => canonicalZone(text) ?? text);
const day = z.string().refine(isDay, 'must be a day: "2027-11-08" for one year, "12-24" for every year');
const prefix = z.string().regex(/^\+[1-9]\d{0,14}$/, 'must be the beginning of an international number, such as "+1900"');
const price = z.number().min(0).max(100_000);
const plan = (afterMinutes: number[], carrier: 'same' | 'other' | 'other-or-same') => z.strictObject({
  /** One delay for each time that this outcome is followed by another attempt; empty: never again. */
  afterMinutes: z.array(whole(0, 60 * 24 * 30)).max(20).default(afterMinutes),
  /** other: only if there is another carrier; other-or-same: the other one if there is one. */
  carrier: z.enum(['same', 'other', 'other-or-same']).default(carrier),
}).prefault({});
const counts = { perDay: whole(0, 1000), perWeek: whole(0, 1000), perMonth: whole(0, 1000) };

const schema = z.strictObject({
  version: z.string().regex(/^[\w.:-]{1,40}$/, 'must be 1 to 40 letters, digits, dots, colons or dashes').default('default'),
  killSwitch: z.boolean().default(false),
  consent: z.strictObject({ maxAgeDays: whole(1, 3650).default(30) }).prefault({}),
  countries: z.strictObject({
    allow: z.union([z.literal('*'), z.array(country)], 'must be "*" or a list of countries such as ["IN", "US"]').default(usualCountries),
    refuse: z.array(country).default([]),
  }).prefault({}),
  numbers: z.strictObject({
    // Universal personal numbers, satellite, international networks, international shared cost, freephone and premium; then the
    // national premium ranges that are refused even where the metadata does not know the number.
    refusedPrefixes: z.array(prefix).default(['+870', '+878', '+881', '+882', '+883', '+888', '+800', '+808', '+979', '+1900', '+449', '+4470']),
    refusedTypes: z.array(z.enum(numberTypes)).default(['premium-rate', 'shared-cost', 'toll-free', 'voicemail', 'pager', 'uan', 'personal-number']),
  }).prefault({}),
  hours: z.strictObject({
    builtIn: z.boolean().default(true),
    default: windows.default(everyDayHours),
    byCountry: z.record(country, windows).default({}),
    byZone: z.record(zone, windows).default({}),
    searchDays: whole(1, 60).default(14),
  }).prefault({}),
  holidays: z.strictObject({
    builtIn: z.boolean().default(true),
    byCountry: z.record(country, z.strictObject({ add: z.array(day).max(400).default([]), drop: z.array(z.string()).max(100).default([]) })).default({}),
  }).superRefine((holidays, context) => {
    for (const [place, { drop }] of Object.entries(holidays.byCountry)) {
      const known = Object.keys(holidayRules[place] ?? {});
      for (const name of drop.filter((n) => !known.includes(n)))
        context.addIssue({ code: 'custom', path: ['byCountry', place, 'drop'], message: `knows no holiday "${name}"; ${place} has ${known.join(', ') || 'none'}` });
    }
  }).prefault({}),
  frequency: z.strictObject({
    perDay: counts.perDay.default(3),
    perWeek: counts.perWeek.default(6),
    perMonth: counts.perMonth.default(10),
    burst: z.strictObject({ calls: whole(1, 1000).default(2), minutes: whole(0, 1440).default(10) }).prefault({}),
    byCountry: z.record(country, z.strictObject({ perDay: counts.perDay.optional(), perWeek: counts.perWeek.optional(), perMonth: counts.perMonth.optional() }))
      // Code de la consommation D.223-9: at most four times in thirty days.
      .default({ FR: { perMonth: 4 } }),
    attemptsPerLead: whole(1, 99).default(12),
  }).prefault({}),
  caps: z.strictObject({
    perNumberPerDay: whole(0, 1_000_000).default(3),
    perAddressPerHour: whole(0, 1_000_000).default(5),
    perAddressPerDay: whole(0, 1_000_000).default(20),
    callsPerDay: whole(0, 10_000_000).default(200),
    /** Minor units (cents, paise) of `currency`. */
    spendPerDay: whole(0, 1_000_000_000).default(40_000),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency of three capital letters, such as "USD"').default('USD'),
    /** Minor units a minute, carrier and agent together. Estimates; the business's own contract decides. */
    pricePerMinute: z.strictObject({
      default: price.default(30),
      byCountry: z.record(country, price).default({ US: 12, CA: 12, GB: 14, IN: 15, DE: 16, FR: 16, ES: 14, IT: 16, AU: 16 }),
    }).prefault({}),
  }).prefault({}),
  carriers: z.strictObject({
    /** Numbers with this prefix (the longest that fits) are called through these carriers, in this order. */
    routes: z.array(z.strictObject({ prefix, carriers: z.array(z.enum(carrierNames, `must be a carrier: ${carrierNames.join(' or ')}`)).min(1) })).max(200).default([]),
    /** Whether a number may be called through the next carrier of its list when the first is down or refuses. */
    failover: z.boolean().default(true),
  }).prefault({}),
  ringSeconds: whole(5, 120).default(30),
  limitSeconds: whole(30, 14_400).default(600),
  /** Calls that a person takes over from the agent. */
  transfer: z.strictObject({
    /** How much longer than `limitSeconds` they may last. */
    seconds: whole(60, 14_400).default(3600),
    /** When people are there; absent: always. */
    hours: windows.optional(),
    daysOff: z.array(day).max(400).default([]),
    /** Of both. */
    zone: zone.optional(),
  }).refine(({ hours, daysOff, zone: where }) => where !== undefined || (hours === undefined && daysOff.length === 0),
    { path: ['zone'], message: 'must say whose local time the hours and days off are, such as "Europe/London"' }).prefault({}),
  retry: z.strictObject({
    jitterPercent: whole(0, 100).default(20),
    outcomes: z.strictObject({
      busy: plan([5, 15, 60], 'same'),
      'no-answer': plan([30, 120, 1440], 'same'),
      voicemail: plan([240], 'same'),
      failed: plan([1], 'other'),
      'carrier-refused': plan([1], 'other'),
      'carrier-failed': plan([2, 10], 'other-or-same'),
      'agent-failed': plan([15], 'same'),
      unknown: plan([10], 'same'),
      callback: plan([120], 'same'),
    }).prefault({}),
  }).prefault({}),
});

/** A policy that was read: everything is there. `fingerprint`: the first 8 hex digits of the SHA-256 of its content. */
export type Policy = z.output<typeof schema> & { fingerprint: string };

/** As a person writes it: any part may be left out. */
export type PolicyDocument = z.input<typeof schema>;

/** Reads a policy document. Throws VisibleError `policy-invalid` that names every problem with its path. */
export const readPolicy = (document: unknown): Policy => {
  const read = schema.safeParse(document);
  if (!read.success) {
    const fields = read.error.issues.map((issue) => ({ field: pathOf(issue.path), message: issue.message }));
    throw new VisibleError('invalid', 'policy-invalid', `The policy cannot be used. ${fields.map((f) => `${f.field}: ${f.message}`).join('; ')}.`, { fields });
  }
  return { ...read.data, fingerprint: createHash('sha256').update(JSON.stringify(read.data)).digest('hex').slice(0, 8) };
};

/** What is stored with every decision: the policy's own version and the fingerprint of its content. */
export const versionOf = (policy: Policy): string => `${policy.version}+${policy.fingerprint}`;

/** The windows that hold in a place: its zone's, else its country's, else those for everywhere. */
export const hoursIn = (policy: Policy, place: { zone: string; country: string | undefined }): Window[] => {
  const { byZone, byCountry, builtIn } = policy.hours;
  const own = byZone[place.zone] ?? (place.country === undefined ? undefined : byCountry[place.country]);
  return own ?? (builtIn && place.country !== undefined ? lawfulHours[place.country] : undefined) ?? policy.hours.default;
};

const pathOf = (path: PropertyKey[]): string => path.length === 0 ? 'policy' : path.map(String).join('.');

/** A day of one year (YYYY-MM-DD) or of every year (MM-DD) that exists in the calendar. */
function isDay(text: string): boolean {
  const parts = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return false;
  const date = new Date(Date.UTC(Number(parts[1] ?? 2000), Number(parts[2]) - 1, Number(parts[3])));
  return date.getUTCMonth() + 1 === Number(parts[2]) && date.getUTCDate() === Number(parts[3]);
}
