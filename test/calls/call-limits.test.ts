import { expect, it } from 'vitest';
import { carrierLimitSeconds, talkLimitSeconds } from '#calls/call-limits.ts';
import { readPolicy } from '#calls/policy.ts';

it.each([30, 45, 60, 61, 600, 14_400])('a call of at most %i s is said goodbye to before it is cut, with time for that and for a talk', (limitSeconds) => {
  const policy = readPolicy({ limitSeconds });
  const talk = talkLimitSeconds(policy);
  expect(talk).toBeGreaterThanOrEqual(15);
  expect(carrierLimitSeconds(policy, false) - talk).toBeGreaterThanOrEqual(15);
  expect(carrierLimitSeconds(policy, true)).toBe(limitSeconds + policy.transfer.seconds);
});

it('a quarter of a minute is left for the goodbye, although a carrier may count from the first ring', () => {
  expect(talkLimitSeconds(readPolicy({ ringSeconds: 40 }))).toBe(600 - 40 - 15);
});
