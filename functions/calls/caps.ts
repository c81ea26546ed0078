// Ceilings against abuse of a public form: which counters an enquiry and a dial must fit under. The store reserves them (ports.ts).
import { createHash } from 'node:crypto';
import { readPhone } from './phone.ts';
import { phoneKey } from './phone-key.ts';
import type { Decision } from './permission.ts';
import type { Policy } from './policy.ts';
import type { Cap } from './ports.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One counter per window of UTC: its name holds the window's beginning, so a new window begins at zero without anybody resetting it. */
const cap = (key: string, windowMs: number, now: string, amount: number, limit: number): Cap => {
  const start = Math.floor(Date.parse(now) / windowMs) * windowMs;
  const name = new Date(start).toISOString().slice(0, windowMs === DAY_MS ? 10 : 13);
  return { key: `${key}#${name}`, amount, limit, expiresAt: new Date(start + windowMs).toISOString() };
};

/** Pseudonymous, stable key of a visitor's address, 32 hex digits. An IPv6 visitor is its /64: one household has 2^64 addresses. */
export const addressKey = (address: string): string =>
  createHash('sha256').update(`ringback-address\n${householdOf(address.trim().toLowerCase())}`).digest('hex').slice(0, 32);

const householdOf = (address: string): string => {
  if (!address.includes(':') || !URL.canParse(`http://[${address}]`)) return address;
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = right === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  if (groups.slice(0, 5).every((g) => g === '0') && groups[5] === 'ffff') return ipv4Of(groups[6] ?? '0', groups[7] ?? '0');
  return groups.slice(0, 4).join(':');
};

const ipv4Of = (high: string, low: string): string =>
  [high, low].map((group) => parseInt(group, 16)).flatMap((n) => [n >> 8, n & 255]).join('.');

/** What one accepted enquiry counts against: its number by day, the visitor's address by hour and by day (without one, only the number). */
export const enquiryCaps = (enquiry: { phone: string; address: string | null; now: string }, policy: Policy): Cap[] => {
  const { phone, address, now } = enquiry;
  const caps = [cap(`enquiry#number#${phoneKey(phone)}`, DAY_MS, now, 1, policy.caps.perNumberPerDay)];
  if (address !== null && address.trim() !== '') {
    const key = addressKey(address);
    caps.push(cap(`enquiry#address-hour#${key}`, HOUR_MS, now, 1, policy.caps.perAddressPerHour));
    caps.push(cap(`enquiry#address-day#${key}`, DAY_MS, now, 1, policy.caps.perAddressPerDay));
  }
  return caps;
};

/** What a call may cost at most, a talk with a person after a transfer aside: price a minute to its country times the started minutes of `limitSeconds`, minor units, rounded up. */
export const costOfCall = (phone: string, limitSeconds: number, policy: Policy): number => {
  const read = readPhone(phone);
  const { byCountry, default: usual } = policy.caps.pricePerMinute;
  const price = ('phone' in read && read.country !== undefined ? byCountry[read.country] : undefined) ?? usual;
  return Math.ceil(price * Math.ceil(limitSeconds / 60));
};

/** What one dial counts against: calls of the day, and the money of the day by what the longest possible call would cost. */
export const dialCaps = (dial: { phone: string; now: string; limitSeconds?: number }, policy: Policy): Cap[] => [
  cap('dial#calls', DAY_MS, dial.now, 1, policy.caps.callsPerDay),
  cap('dial#spend', DAY_MS, dial.now, costOfCall(dial.phone, dial.limitSeconds ?? policy.limitSeconds, policy), policy.caps.spendPerDay),
];

/** Why the enquiry or dial does not fit, in words, by the counter that was full. */
export const fullInWords = (full: Cap): { code: string; message: string } => {
  if (full.key.startsWith('enquiry#number#')) return { code: 'number-asked-too-often', message: 'This number was entered too often today. Please try again tomorrow.' };
  if (full.key.startsWith('enquiry#address-hour#')) return { code: 'address-asked-too-often', message: 'Too many enquiries came from this connection. Please try again in an hour.' };
  if (full.key.startsWith('enquiry#address-day#')) return { code: 'address-asked-too-often', message: 'Too many enquiries came from this connection today. Please try again tomorrow.' };
  if (full.key.startsWith('dial#spend#')) return { code: 'spend-cap', message: 'The money set aside for calls today is used up.' };
  return { code: 'calls-cap', message: 'All calls of today have been used.' };
};

/** What an allowed dial becomes when this counter is full: later, when its window is over; refused, when it could never fit. */
export const underCap = (decision: Decision, full: Cap): Decision => {
  const { code, message } = fullInWords(full);
  return full.amount > full.limit
    ? { ...decision, outcome: 'refused', code: `${code}-too-small`, reason: 'The policy allows less than one call costs.', until: null }
    : { ...decision, outcome: 'later', code, reason: `${message} This one follows.`, until: full.expiresAt };
};
