// Makes the bridge of a stream that may talk: with its call's lead, its voice, and what was said before. Used by admission.ts and takeover.ts.
import type { CallRecord, Turn } from '#calls/call.ts';
import type { LeadRecord } from '#calls/lead.ts';
import type { CallStore, LeadStore } from '#calls/ports.ts';
import { bridge, type Bridge } from './bridge.ts';
import { watchForOperator } from './ended-elsewhere.ts';
import type { BridgeDeps, CarrierLeg } from './ports.ts';
import type { Ringing } from './ringing.ts';

export interface JoinDeps extends BridgeDeps {
  calls: Pick<CallStore, 'call' | 'bind' | 'turns'>;
  leads: Pick<LeadStore, 'lead'>;
  /** The voice that this call's agent speaks with; absent: the agent's own. */
  voiceOf?: ((call: CallRecord) => Promise<string | null>) | undefined;
  /** Conversations that were opened while their phones rang. Absent: every one is opened when its stream may talk. */
  ringing?: Pick<Ringing, 'openerFor'> | undefined;
}

/** The bridges of this process, by call. */
export interface Bridges {
  /** Why no further stream is taken, if so. */
  closedFor(): 'full' | 'draining' | undefined;
  of(callId: string): Bridge | undefined;
  add(bridge: Bridge): void;
  remove(bridge: Bridge): void;
  /** The connection found its bridge, or its end. */
  settled(): void;
}

/** How long reading the call and its voice may take before the caller is talked with all the same. */
const READ_MS = 1500;

export const within = async <T>(work: Promise<T>): Promise<T | 'too-late'> => {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([work, new Promise<'too-late'>((resolve) => {
      timer = setTimeout(() => resolve('too-late'), READ_MS);
    })]);
  } finally {
    clearTimeout(timer);
  }
};

/** Null, the agent's own voice, where it cannot be read in time. Never rejects. */
export const voiceFor = async (deps: JoinDeps, record: CallRecord | undefined): Promise<string | null> => {
  if (!record || !deps.voiceOf) return null;
  try {
    const found = await within(deps.voiceOf(record));
    return found === 'too-late' ? null : found;
  } catch (error) {
    deps.log.error('the voice of a call could not be read; the agent speaks with its own', { callId: record.callId, error });
    return null;
  }
};
/** Never rejects. */
export const leadFor = async (deps: JoinDeps, record: CallRecord | undefined): Promise<LeadRecord | undefined> => {
  try {
    return record?.leadId ? await deps.leads.lead(record.leadId) : undefined;
  } catch (error) {
    deps.log.error('a lead could not be read; the agent talks without the name', { callId: record?.callId, error });
    return undefined;
  }
};
const earlierFor = async (deps: JoinDeps, callId: string): Promise<readonly Turn[]> => {
  try {
    const turns = await within(deps.calls.turns(callId));
    return turns === 'too-late' ? [] : turns.toSorted((a, b) => a.index - b.index);
  } catch (error) {
    deps.log.error('what was said before could not be read; the agent does not know it', { callId, error });
    return [];
  }
};

export interface Joining {
  callId: string;
  epoch: number;
  startedMs: number;
  record: CallRecord | undefined;
  voiceId: string | null;
}

/** Undefined when this process has a bridge of the call that is as new. An older one lets go: the newer stream has the caller. */
export const join = (deps: JoinDeps, bridges: Bridges, leg: CarrierLeg, { callId, epoch, startedMs, record, voiceId }: Joining): Bridge | undefined => {
  const older = bridges.of(callId);
  if (older && older.epoch >= epoch) return undefined;
  void older?.letGo('overtaken', 1000);
  const earlier = epoch > 0 ? earlierFor(deps, callId) : undefined;
  // A stream that goes on with a talk needs an agent that knows of it.
  const openAgent = (epoch === 0 ? deps.ringing?.openerFor(callId, voiceId) : undefined) ?? deps.openAgent;
  const made: Bridge = bridge({ ...deps, openAgent }, { callId, epoch, startedMs, call: record, lead: leadFor(deps, record), voiceId, earlier }, leg, () => bridges.remove(made));
  bridges.add(made);
  deps.metrics.count('streams_admitted');
  if (!leg.reopens) watchForOperator(made, deps.calls, deps.log, deps.options.operatorLookMs);
  return made;
};
