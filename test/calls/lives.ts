// Called by the hunt (dialled-once.test.ts): random lives of a few leads, performed on a world of carriers, and what has to hold at their end.
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { answerCall, afterStream } from '#calls/answer-call.ts';
import { callStatuses, isTerminal, type CallEvent } from '#calls/call.ts';
import { UpstreamError } from '#calls/errors.ts';
import { isFinalLead } from '#calls/lead-status.ts';
import { readAttemptId, type CarrierName } from '#calls/lead.ts';
import type { PolicyDocument } from '#calls/policy.ts';
import { recordEvent } from '#calls/record-event.ts';
import { recordCallback } from '#calls/record-status.ts';
import type { Rung, Script } from '#doubles/carrier.ts';
import { Crash, mortal, type CrashPlan } from '#doubles/crash.ts';
import { statusEvent } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';
import { interfere, interference } from './people-interfere.ts';

export interface Setting {
  others: CarrierName[];
  policy: PolicyDocument;
  /** Operators retry, move, cancel, suppress, erase and switch; carriers refuse whole accounts and cannot be asked for a while. */
  wide: boolean;
}

const crash = fc.option(fc.record({ at: fc.nat(30), when: fc.constantFrom('before' as const, 'after' as const) }), { nil: undefined, freq: 2 });
const which = fc.nat(5);
const status = fc.constantFrom(...callStatuses);
const answers = (outcome: Extract<Script, { does: 'answer' }>['outcome']): Script => ({ does: 'answer', outcome });
const wrong: { weight: number; arbitrary: fc.Arbitrary<Script> }[] = [
  { weight: 2, arbitrary: fc.constant<Script>({ does: 'place' }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('lose-answer' as const), listedAfterMs: fc.constantFrom(0, 1_000, 60_000) }) },
  { weight: 2, arbitrary: fc.constant<Script>({ does: 'vanish' }) },
  { weight: 1, arbitrary: fc.nat(20_000).map((retryAfterMs) => answers({ outcome: 'not-now', retryAfterMs, reason: 'Busy.' })) },
  { weight: 1, arbitrary: fc.constant(answers({ outcome: 'refused', code: 'twilio-21211', reason: 'Invalid.', doNotDisturb: false })) },
];
const down: { weight: number; arbitrary: fc.Arbitrary<Script> }[] = [
  { weight: 3, arbitrary: fc.constant(answers({ outcome: 'not-now', retryAfterMs: 5_000, reason: 'Not reached.', unreachable: true })) },
  { weight: 1, arbitrary: fc.constant(answers({ outcome: 'refused', code: 'exotel-403', reason: 'No KYC.', doNotDisturb: false, account: true })) },
  { weight: 1, arbitrary: fc.constant(answers({ outcome: 'refused', code: 'dnd', reason: 'Do not disturb.', doNotDisturb: true })) },
];

const deedsIn = ({ others, wide }: Setting) => {
  const carrier = fc.constantFrom<CarrierName>('twilio', ...others);
  const usual = [
    { weight: 2, arbitrary: fc.record({ do: fc.constant('enquire' as const), key: fc.nat(2), crash }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), which, again: fc.boolean(), crash }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const), crash }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('call-back' as const), which, status, sequence: fc.option(fc.nat(3), { nil: null }), named: fc.boolean(), crash }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fetch' as const), which, document: fc.constantFrom('answer' as const, 'after' as const), crash }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('carrier' as const), which, status }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('script' as const), carrier, script: fc.oneof(...wrong, ...(wide ? down : [])) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 7, 30, 90, 100, 400) }) },
  ];
  return wide ? fc.oneof(...usual,
    { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const), carrier, down: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('talk' as const), which, event: fc.constantFrom<Spoken>('stream-started', 'first-audio', 'ended', 'opt-out'), crash }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('interfere' as const), what: interference, which, crash }) }) : fc.oneof(...usual);
};
type Deed = ReturnType<typeof deedsIn> extends fc.Arbitrary<infer T> ? T : never;

/** Steps one after another; the deeds of one step happen at once. */
export const lifeIn = (setting: Setting): fc.Arbitrary<Deed[][]> => fc.array(fc.array(deedsIn(setting), { minLength: 1, maxLength: 3 }), { minLength: 5, maxLength: 40 });

/** What a hunt has seen, for whoever runs one. */
export interface Tally { lives: number; enquiries: number; attempts: number; phones: number; crashes: number; ends: Record<string, number> }
export const freshTally = (): Tally => ({ lives: 0, enquiries: 0, attempts: 0, phones: 0, crashes: 0, ends: {} });

/** A crash is what was asked for; a carrier that cannot be asked is, too; a callback before its call is known is refused, and comes again or not. */
const survive = async (work: Promise<unknown>, tally: Tally): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Crash) { tally.crashes += 1; return; }
    if (error instanceof UpstreamError || (error instanceof Error && error.name === 'VisibleError')) return;
    throw error;
  }
};

type Phone = Rung & { carrier: CarrierName };
const phonesOf = (world: World): Phone[] => (Object.entries(world.all) as [CarrierName, World['twilio']][]).flatMap(([carrier, { rung }]) => rung.map((call) => ({ ...call, carrier })));

type Spoken = 'stream-started' | 'first-audio' | 'ended' | 'opt-out';
const spoken = (event: Spoken, at: string): CallEvent => ({
  'stream-started': { kind: 'stream-started', at, epoch: 0, streamSid: 'MZ1' }, 'first-audio': { kind: 'first-audio', at, epoch: 0, sinceAnswerMs: 700 },
  ended: { kind: 'ended', at, endReason: 'agent-ended', detail: null, turnMs: [] }, 'opt-out': { kind: 'opt-out', at, by: 'voice' },
} satisfies Record<Spoken, CallEvent>)[event];

const perform = async (world: World, what: Deed, tally: Tally): Promise<void> => {
  const phones = phonesOf(world);
  const rung = 'which' in what && phones.length > 0 ? phones[what.which % phones.length] : undefined;
  const as = <T extends Record<string, unknown>>(deps: T, plan: CrashPlan | undefined): T => mortal({ ...deps }, plan).deps;
  switch (what.do) {
    case 'enquire': return survive(world.enquire({ phone: `+4420794600${what.key}0` }, { idempotencyKey: `key-${what.key}` }, what.crash), tally);
    case 'sweep': return survive(world.sweep(what.crash), tally);
    case 'script': return void world.all[what.carrier].script.push(what.script);
    case 'wait': return world.clock.forward(what.seconds * 1000);
    case 'look': return world.all[what.carrier].down(what.down);
    case 'interfere': return survive(interfere(world, what), tally);
    case 'deliver': {
      const now = world.clock.now().getTime();
      const out = world.messages.filter(({ at }) => at <= now);
      const one = out[what.which % Math.max(1, out.length)];
      if (!one) return;
      if (!what.again) world.messages.splice(world.messages.indexOf(one), 1);
      return survive(world.dial(one.message, what.crash), tally);
    }
    case 'carrier': return rung && !isTerminal(rung.status) ? world.all[rung.carrier].set(rung.callSid, what.status) : undefined;
    case 'call-back': {
      if (!rung) return;
      const events = [statusEvent(what.status, { sequence: what.sequence, at: world.clock.iso() })];
      return survive(recordCallback(as(world.deps, what.crash))({ carrier: rung.carrier, callSid: rung.callSid, attemptId: what.named ? rung.attemptId : '', events }), tally);
    }
    case 'talk': return rung ? survive(recordEvent(as(world.deps, what.crash))(readAttemptId(rung.attemptId)!.callId, spoken(what.event, world.clock.iso())), tally) : undefined;
    case 'fetch': {
      if (!rung) return;
      const deps = as(world.answerDeps, what.crash);
      const call = { attemptId: rung.attemptId, callSid: rung.callSid };
      return survive(what.document === 'answer' ? answerCall(deps)(call) : afterStream(deps)({ ...call, lineIsDown: false, keys: true }), tally);
    }
  }
};

const once = (world: World): void => {
  const attempts = phonesOf(world).map((call) => call.attemptId);
  expect(attempts.filter((attemptId, i) => attempts.indexOf(attemptId) !== i)).toEqual([]);
};

const SETTLING_MINUTES = { narrow: 20, wide: 150 };

/** Performs a life, lets everything be well again, and holds it to the promise: one phone for each attempt, and nobody forgotten. */
export const live = async (setting: Setting, life: readonly Deed[][], tally: Tally): Promise<void> => {
  const world = makeWorld({ policy: setting.policy, others: setting.others });
  const carriers = Object.values(world.all);
  for (const together of [[{ do: 'enquire' as const, key: 0, crash: undefined }], ...life]) {
    await Promise.all(together.map((one) => perform(world, one, tally)));
    once(world);
  }
  // Then everything is well again: dialling is on, the lines end, the carriers are asked, the sweep runs.
  for (const { script, down: cutOff } of carriers) { script.length = 0; cutOff(false); }
  await interfere(world, { what: 'switch-on', which: 0, crash: undefined });
  for (let minute = 0; minute < SETTLING_MINUTES[setting.wide ? 'wide' : 'narrow']; minute += 1) {
    world.clock.forward(60_000);
    await world.dialAll();
    for (const { rung, set } of carriers) for (const call of rung) if (!isTerminal(call.status)) set(call.callSid, 'no-answer');
    await world.sweep();
  }
  once(world);
  const leads = [...world.stores.memory.leads.values()];
  const { gone } = world.stores.memory;
  expect(leads.length + gone.size).toBeGreaterThan(0);
  expect(leads.filter((lead) => !isFinalLead(lead.status)).map((lead) => [lead.leadId, lead.status])).toEqual([]);
  expect(world.failures.filter(({ error }) => !(error instanceof UpstreamError))).toEqual([]);
  // No call of a carrier's is bound to two of ours, and each to the attempt that asked for it; one that nobody knew of when its lead was
  // erased stays nobody's.
  for (const { carrier, callSid, attemptId } of phonesOf(world)) {
    const owners = [...world.stores.memory.calls.values()].filter((call) => call.carrier === carrier && call.callSid === callSid);
    const erased = gone.has(readAttemptId(attemptId)!.leadId);
    expect(owners.map((call) => call.attemptId)).toEqual(erased && owners.length === 0 ? [] : [attemptId]);
  }
  tally.lives += 1;
  tally.enquiries += leads.length + gone.size;
  tally.attempts += world.stores.memory.attempts.size;
  tally.phones += phonesOf(world).length;
  for (const { status: end } of leads) tally.ends[end] = (tally.ends[end] ?? 0) + 1;
  if (gone.size > 0) tally.ends['erased'] = (tally.ends['erased'] ?? 0) + gone.size;
};
