// Which counters an enquiry and a dial count against.
import { expect, it } from 'vitest';
import { addressKey, costOfCall, dialCaps, enquiryCaps, fullInWords } from '#calls/caps.ts';
import { phoneKey } from '#calls/phone-key.ts';
import { readPolicy } from '#calls/policy.ts';

const policy = readPolicy({ caps: { perNumberPerDay: 3, perAddressPerHour: 5, perAddressPerDay: 20, callsPerDay: 100, spendPerDay: 5000, pricePerMinute: { default: 30, byCountry: { IN: 1.5, US: 12 } } }, limitSeconds: 600 });
const phone = '+919876543210';
const now = '2026-11-21T23:59:59.999Z';

it('counts an enquiry by number and day, and by address, hour and day, in windows of UTC', () => {
  const key = addressKey('203.0.113.7');
  expect(enquiryCaps({ phone, address: '203.0.113.7', now }, policy)).toEqual([
    { key: `enquiry#number#${phoneKey(phone)}#2026-11-21`, amount: 1, limit: 3, expiresAt: '2026-11-22T00:00:00.000Z' },
    { key: `enquiry#address-hour#${key}#2026-11-21T23`, amount: 1, limit: 5, expiresAt: '2026-11-22T00:00:00.000Z' },
    { key: `enquiry#address-day#${key}#2026-11-21`, amount: 1, limit: 20, expiresAt: '2026-11-22T00:00:00.000Z' },
  ]);
});

it('begins at zero in the next window', () => {
  const keys = (at: string) => enquiryCaps({ phone, address: '203.0.113.7', now: at }, policy).map((cap) => cap.key);
  expect(keys('2026-11-21T22:00:00Z')).toEqual(keys('2026-11-21T22:59:59.999Z'));
  expect(keys('2026-11-21T23:00:00Z')[1]).not.toBe(keys('2026-11-21T22:59:59.999Z')[1]);
  expect(keys('2026-11-22T00:00:00Z').filter((key) => keys(now).includes(key))).toEqual([]);
});

it('counts by number alone when no address is known', () => {
  expect(enquiryCaps({ phone, address: null, now }, policy)).toHaveLength(1);
  expect(enquiryCaps({ phone, address: ' ', now }, policy)).toHaveLength(1);
});

it('holds neither the number nor the address in its keys', () => {
  const keys = enquiryCaps({ phone, address: '203.0.113.7', now }, policy).map((cap) => cap.key).join();
  expect(keys).not.toContain('9876543210');
  expect(keys).not.toContain('203.0.113.7');
});

it('takes an IPv6 network of one household for one address, and an IPv4 address for itself however it is written', () => {
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:DB8:1:2::1'));
  expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
  expect(addressKey('::1')).toBe(addressKey('0:0:0:0:0:0:0:1'));
  expect(addressKey('::ffff:203.0.113.7')).toBe(addressKey('203.0.113.7'));
  expect(addressKey('203.0.113.7')).not.toBe(addressKey('203.0.113.8'));
});

it('counts a dial as one call and as the money of the longest call it may become', () => {
  expect(dialCaps({ phone, now }, policy)).toEqual([
    { key: 'dial#calls#2026-11-21', amount: 1, limit: 100, expiresAt: '2026-11-22T00:00:00.000Z' },
    { key: 'dial#spend#2026-11-21', amount: 15, limit: 5000, expiresAt: '2026-11-22T00:00:00.000Z' },
  ]);
  expect(dialCaps({ phone: '+12025550100', now, limitSeconds: 61 }, policy)[1]?.amount).toBe(24);
});

it('rounds money up to whole minor units and started minutes, and takes the default price elsewhere', () => {
  expect(costOfCall(phone, 60, policy)).toBe(2);
  expect(costOfCall(phone, 1, policy)).toBe(2);
  expect(costOfCall('+33612345678', 120, policy)).toBe(60);
  expect(costOfCall('+80012345678', 60, policy)).toBe(30);
});

it('says in words which counter was full', () => {
  const caps = [...enquiryCaps({ phone, address: '203.0.113.7', now }, policy), ...dialCaps({ phone, now }, policy)];
  expect(caps.map((cap) => fullInWords(cap).code)).toEqual(['number-asked-too-often', 'address-asked-too-often', 'address-asked-too-often', 'calls-cap', 'spend-cap']);
});
