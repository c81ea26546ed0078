// Random lives of a few leads: processes killed at any step, messages twice, answers and callbacks lost or out of order, sweeps at
// any time. Whatever happens: one phone at most for each attempt, and in the end nobody is forgotten. `npm run hunt` asks for more lives.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryOutcomes } from '#calls/policy.ts';
import { freshTally, lifeIn, live, type Setting, type Tally } from './lives.ts';

const lives = Number(process.env['HUNT_LIVES'] ?? 250);
const seed = Number(process.env['HUNT_SEED'] ?? Date.now() % 2 ** 31);
/** A life takes some 20 ms. */
const timeout = 60_000 + lives * 200;

const again = (afterMinutes: number[]) => ({ outcomes: Object.fromEntries(retryOutcomes.map((outcome) => [outcome, { afterMinutes }])) });
const policyWith = (afterMinutes: number[]) => ({
  retry: again(afterMinutes), frequency: { perDay: 1000, perWeek: 1000, perMonth: 1000, burst: { calls: 1000 } },
  hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] }, caps: { perNumberPerDay: 1000, perAddressPerHour: 1000, perAddressPerDay: 1000, spendPerDay: 1_000_000, callsPerDay: 1000 },
});

const hunt = async (setting: Setting, name: string): Promise<Tally> => {
  const tally = freshTally();
  await fc.assert(fc.asyncProperty(lifeIn(setting), (life) => live(setting, life, tally)), { numRuns: lives, seed });
  if (process.env['HUNT_LIVES']) process.stdout.write(`${name}, seed ${seed}: ${JSON.stringify(tally)}\n`);
  return tally;
};
/** A hunt in which nothing happens would find nothing either. */
const aRealHunt = { lives, phones: expect.toSatisfy((phones: number) => phones > lives / 10), crashes: expect.toSatisfy((crashes: number) => crashes > lives / 10) };

describe('a lead is dialled once', () => {
  it('through crashes, repeats and losses in any order, and nobody is forgotten', { timeout }, async () => {
    expect(await hunt({ others: [], policy: policyWith([]), wide: false }, 'one carrier')).toMatchObject(aRealHunt);
  });

  it('also while carriers fail over, the plan tries again, and people retry, move, cancel, suppress, erase and switch', { timeout }, async () => {
    expect(await hunt({ others: ['exotel'], policy: policyWith([1, 2]), wide: true }, 'two carriers, the plan and people')).toMatchObject(aRealHunt);
  });
});
