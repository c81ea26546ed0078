// Random lives of a few leads: processes killed at any step, messages twice, answers and callbacks lost or out of order, sweeps at
// any time. Whatever happens: one phone at most for each attempt, and in the end nobody is forgotten.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callStatuses, isTerminal } from '#calls/call.ts';
import { isFinalLead } from '#calls/lead-status.ts';
import { retryOutcomes } from '#calls/policy.ts';
import type { Script } from '#doubles/carrier.ts';
import { Crash, type CrashPlan } from '#doubles/crash.ts';
import { makeWorld, type World } from '#doubles/world.ts';

type Deed =
  | { do: 'enquire'; key: number; crash: CrashPlan | undefined }
  | { do: 'deliver'; which: number; again: boolean; crash: CrashPlan | undefined }
  | { do: 'sweep'; crash: CrashPlan | undefined }
  | { do: 'call-back'; which: number; status: (typeof callStatuses)[number]; sequence: number | null; named: boolean }
  | { do: 'fetch'; which: number; document: 'answer' | 'after' }
  | { do: 'carrier'; which: number; status: (typeof callStatuses)[number] }
  | { do: 'script'; script: Script }
  | { do: 'wait'; seconds: number };

const crash = fc.option(fc.record({ at: fc.nat(30), when: fc.constantFrom('before' as const, 'after' as const) }), { nil: undefined, freq: 2 });
const which = fc.nat(5);
const script: fc.Arbitrary<Script> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Script>({ does: 'place' }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('lose-answer' as const), listedAfterMs: fc.constantFrom(0, 1_000, 60_000) }) },
  { weight: 2, arbitrary: fc.constant<Script>({ does: 'vanish' }) },
  { weight: 1, arbitrary: fc.nat(20_000).map((retryAfterMs): Script => ({ does: 'answer', outcome: { outcome: 'not-now', retryAfterMs, reason: 'Busy.' } })) },
  { weight: 1, arbitrary: fc.constant<Script>({ does: 'answer', outcome: { outcome: 'refused', code: 'twilio-21211', reason: 'Invalid.', doNotDisturb: false } }) },
);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('enquire' as const), key: fc.nat(2), crash }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), which, again: fc.boolean(), crash }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const), crash }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('call-back' as const), which, status: fc.constantFrom(...callStatuses), sequence: fc.option(fc.nat(3), { nil: null }), named: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fetch' as const), which, document: fc.constantFrom('answer' as const, 'after' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('carrier' as const), which, status: fc.constantFrom(...callStatuses) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('script' as const), script }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 7, 30, 90, 100, 400) }) },
);

/** A crash is what was asked for; a callback that comes before its call is known is refused, and comes again or not. */
const survive = async (work: Promise<unknown>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Crash || (error instanceof Error && error.name === 'VisibleError')) return;
    throw error;
  }
};

const perform = async (world: World, what: Deed): Promise<void> => {
  const rung = 'which' in what && world.twilio.rung.length > 0 ? world.twilio.rung[what.which % world.twilio.rung.length] : undefined;
  switch (what.do) {
    case 'enquire': return survive(world.enquire({ phone: `+4420794600${what.key}0` }, { idempotencyKey: `key-${what.key}` }, what.crash));
    case 'sweep': return survive(world.sweep(what.crash));
    case 'script': return void world.twilio.script.push(what.script);
    case 'wait': return world.clock.forward(what.seconds * 1000);
    case 'deliver': {
      const now = world.clock.now().getTime();
      const out = world.messages.filter(({ at }) => at <= now);
      const one = out[what.which % Math.max(1, out.length)];
      if (!one) return;
      if (!what.again) world.messages.splice(world.messages.indexOf(one), 1);
      return survive(world.dial(one.message, what.crash));
    }
    case 'carrier': return rung && !isTerminal(rung.status) ? world.twilio.set(rung.callSid, what.status) : undefined;
    case 'call-back': return rung ? survive(world.status(what.named ? rung.attemptId : '', rung.callSid, what.status, what.sequence)) : undefined;
    case 'fetch': return rung ? survive(what.document === 'answer' ? world.answer(rung.attemptId, rung.callSid) : world.after(rung.attemptId, rung.callSid)) : undefined;
  }
};

const once = (world: World): void => {
  const attempts = world.twilio.rung.map((call) => call.attemptId);
  expect(attempts.filter((attemptId, i) => attempts.indexOf(attemptId) !== i)).toEqual([]);
};

const never = Object.fromEntries(retryOutcomes.map((outcome) => [outcome, { afterMinutes: [] }]));
const policy = {
  retry: { outcomes: never }, frequency: { perDay: 1000, perWeek: 1000, perMonth: 1000, burst: { calls: 1000 } },
  hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] }, caps: { perNumberPerDay: 1000, perAddressPerHour: 1000, perAddressPerDay: 1000, spendPerDay: 1_000_000, callsPerDay: 1000 },
};

describe('a lead is dialled once', () => {
  it('through crashes, repeats and losses in any order, and nobody is forgotten', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(deed, { minLength: 1, maxLength: 3 }), { minLength: 5, maxLength: 40 }), async (life) => {
      const world = makeWorld({ policy });
      for (const together of [[{ do: 'enquire' as const, key: 0, crash: undefined }], ...life]) {
        await Promise.all(together.map((one) => perform(world, one)));
        once(world);
      }
      // Then everything is well again: the lines end, the carrier is asked, the sweep runs.
      world.twilio.script.length = 0;
      for (let minute = 0; minute < 20; minute += 1) {
        world.clock.forward(60_000);
        await world.dialAll();
        for (const call of world.twilio.rung) if (!isTerminal(call.status)) world.twilio.set(call.callSid, 'no-answer');
        await world.sweep();
      }
      once(world);
      const leads = [...world.stores.memory.leads.values()];
      expect(leads.length).toBeGreaterThan(0);
      expect(leads.filter(({ status }) => !isFinalLead(status)).map(({ leadId, status }) => [leadId, status])).toEqual([]);
      expect(world.failures).toEqual([]);
      // No call of the carrier's is bound to two of ours, and each to the attempt that asked for it.
      for (const { callSid, attemptId } of world.twilio.rung) {
        const owners = [...world.stores.memory.calls.values()].filter((call) => call.callSid === callSid);
        expect(owners.map((call) => call.attemptId)).toEqual([attemptId]);
      }
    }), { numRuns: 250 });
  });
});
