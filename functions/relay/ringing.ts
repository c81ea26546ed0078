// Opens the agent while the phone still rings (AGENT_OPENS=ringing): finds calls that ring, holds a conversation for each that it claims, hands
// it to the call's first bridge, and closes it when no bridge comes. Made by server.ts; nothing of it runs where the option is off.
import type { CallRecord } from '#calls/call.ts';
import type { CarrierName } from '#calls/lead.ts';
import type { ExpectedCall, SuppressionStore } from '#calls/ports.ts';
import type { Task } from './gateway-ports.ts';
import { holdConversation, type HeldConversation, type Spoiled } from './held-conversation.ts';
import { leadFor, voiceFor, within, type JoinDeps } from './join.ts';
import { openingFor } from './opening.ts';
import type { BridgeDeps } from './ports.ts';
import { holdsNoMore, mayHold, type Unused } from './unused.ts';

export interface RingingCall extends ExpectedCall {
  /** The task that holds an agent for it. */
  holder: Task | null;
}

/** Kept in the sessions table. */
export interface RingingStore {
  /** Calls that were placed and may ring still, the oldest first. */
  ringing(): Promise<RingingCall[]>;
  /** True for one task only. */
  claim(callId: string, by: Task): Promise<boolean>;
  /** Nobody holds anything for it any more. */
  over(callId: string): Promise<void>;
}

export interface RingingDeps extends JoinDeps {
  store: RingingStore;
  own: Task;
  /** Whether this task takes calls at all; and whether it may hold one more agent beside the `held` that it holds. */
  open: () => boolean;
  room: (held: number) => boolean;
  suppressions?: Pick<SuppressionStore, 'suppression'> | undefined;
  /** Has a conversation deleted that no call's record will ever name. */
  forget?: ((conversationId: string) => Promise<void>) | undefined;
}

export interface Ringing {
  /** For the first bridge of a call: opens the conversation that is held for it, and later ones as ever. Undefined when none is held that fits. */
  openerFor(callId: string, voiceId: string | null): BridgeDeps['openAgent'] | undefined;
  /** The task that holds an agent for the carrier's call, as far as is known here. */
  holderOf(callSid: string): Task | undefined;
  readonly held: number;
  /** Closes everything. Asking twice is fine. */
  stop(): Promise<void>;
}

interface Held {
  call: RingingCall;
  carrier: CarrierName;
  voiceId: string | null;
  sinceMs: number;
  answeredMs: number | undefined;
  conversation: HeldConversation;
}

export const ringing = (deps: RingingDeps): Ringing => {
  const { store, own, metrics, log, ms, clock, options } = deps;
  const held = new Map<string, Held>();
  /** As the store said when it was asked last. */
  let seen: RingingCall[] = [];
  let beginning = 0;
  let stopped = false;
  const working = new Set<Promise<void>>();

  /** Not awaited where it is called: what fails is told, and `stop` waits for it. */
  const run = (what: string, callId: string | undefined, work: () => Promise<void>): void => {
    const done = work().catch((error: unknown) => log.warn(what, { callId, error })).finally(() => working.delete(done));
    working.add(done);
  };
  const over = (callId: string): void => run('a call that was held could not be taken off the list; it expires', callId, () => store.over(callId));
  /** It is not this task's any more. False when it was not before. */
  const release = (one: Held): boolean => {
    const { callId } = one.call;
    if (held.get(callId) !== one) return false;
    held.delete(callId);
    metrics.observe('held_ms', ms() - one.sinceMs);
    over(callId);
    return true;
  };
  const waste = (one: Held, why: Unused | Spoiled): void => {
    if (!release(one)) return;
    one.conversation.close();
    metrics.countBy('held_wasted', why);
    log.info('an agent that was opened while the phone rang is not used', { callId: one.call.callId, why });
    const { conversationId } = one.conversation;
    if (deps.forget && conversationId) run('a conversation that is not used could not be noted for deletion', one.call.callId, () => deps.forget!(conversationId));
  };

  const hold = (call: RingingCall, record: CallRecord, voiceId: string | null): void => {
    const known = { callId: call.callId, call: { ...record, callSid: call.callSid }, lead: leadFor(deps, record), voiceId };
    const conversation = holdConversation((handlers) => deps.openAgent(openingFor(known, null), handlers, call.carrier), (why) => waste(one, why), options);
    const one: Held = { call, carrier: call.carrier, voiceId, sinceMs: ms(), answeredMs: undefined, conversation };
    held.set(call.callId, one);
    metrics.count('held_opened');
  };
  const begin = async (call: RingingCall): Promise<void> => {
    const record = await within(deps.calls.call(call.callId));
    const voiceId = typeof record === 'object' ? await voiceFor(deps, record) : null;
    if (stopped || typeof record !== 'object' || !mayHold(call, record)) return over(call.callId);
    hold(call, record, voiceId);
  };
  /** One query, and a claim for each that nobody holds. */
  const find = async (): Promise<void> => {
    seen = deps.open() ? await store.ringing() : [];
    for (const call of seen) {
      if (stopped || call.holder !== null || !deps.room(held.size + beginning) || !await store.claim(call.callId, own)) continue;
      beginning++;
      run('an agent could not be opened while the phone rings; it is opened at the answer', call.callId, () => begin(call).finally(() => {
        beginning--;
      }));
    }
  };
  const look = async (one: Held): Promise<void> => {
    const record = await deps.calls.call(one.call.callId);
    const suppressed = record?.to ? await deps.suppressions?.suppression(record.to) : undefined;
    if (record?.status === 'in-progress') one.answeredMs ??= ms();
    const answeredForMs = one.answeredMs === undefined ? 0 : ms() - one.answeredMs;
    const why = holdsNoMore(one.call, record, { now: clock.now(), suppressed: suppressed !== undefined, tooLongAnswered: answeredForMs > options.heldAnsweredMs });
    if (why) waste(one, why);
  };

  /** A slow look is waited for before the next. */
  const every = (everyMs: number, what: string, work: () => Promise<void>): NodeJS.Timeout => {
    let looking = false;
    return setInterval(() => {
      if (looking) return;
      looking = true;
      run(what, undefined, () => work().finally(() => {
        looking = false;
      }));
    }, everyMs);
  };
  const finding = every(options.ringingLookMs, 'calls that ring could not be looked for', find);
  const watching = every(options.heldLookMs, 'a call that is held could not be looked at', async () => {
    await Promise.all([...held.values()].map(look));
  });

  return {
    openerFor: (callId, voiceId) => {
      const one = held.get(callId);
      if (!one) return undefined;
      if (one.voiceId !== voiceId) {
        waste(one, 'other-voice');
        return undefined;
      }
      return (opening, handlers, carrier) => {
        const taken = held.get(callId) === one && carrier === one.carrier ? one.conversation.take(handlers) : undefined;
        if (!taken) return deps.openAgent(opening, handlers, carrier);
        release(one);
        metrics.count('held_taken');
        return taken;
      };
    },
    holderOf: (callSid) => seen.find((call) => call.callSid === callSid)?.holder ?? undefined,
    get held() {
      return held.size;
    },
    stop: async () => {
      stopped = true;
      clearInterval(finding);
      clearInterval(watching);
      for (const one of held.values()) waste(one, 'stopped');
      while (working.size > 0) await Promise.all(working);
    },
  };
};
