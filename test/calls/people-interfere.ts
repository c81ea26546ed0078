// Called by the hunt's lives (lives.ts): what an operator can do to leads at any moment, each of which may die half way.
import * as fc from 'fast-check';
import { cancelAttempt, rescheduleAttempt } from '#calls/change-attempt.ts';
import { eraseLead } from '#calls/erase-lead.ts';
import { retryLead } from '#calls/retry-lead.ts';
import { suppressNumber } from '#calls/suppress-number.ts';
import { turnDialling } from '#calls/switch.ts';
import { Crash, mortal, type CrashPlan } from '#doubles/crash.ts';
import type { World } from '#doubles/world.ts';

const deeds = ['retry', 'cancel', 'move', 'suppress', 'unsuppress', 'erase', 'switch-off', 'switch-on'] as const;
export const interference = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...deeds.slice(0, 3)) }, { weight: 1, arbitrary: fc.constantFrom(...deeds.slice(3, 6)) }, { weight: 2, arbitrary: fc.constantFrom(...deeds.slice(6)) },
);
export interface Interference { what: (typeof deeds)[number]; which: number; crash: CrashPlan | undefined }

/** Deaths go on to whoever asked; what a queue or a carrier could not take is made good for by the sweep. */
const unlessDead = (error: unknown): void => { if (error instanceof Crash) throw error; };

export const interfere = async (world: World, { what, which, crash }: Interference): Promise<unknown> => {
  const { deps } = mortal({ ...world.deps, erasures: world.stores.erasures }, crash);
  const parts = { ...deps, onQueueFailure: unlessDead, onHangUpFailure: unlessDead, onForgetFailure: unlessDead };
  if (what === 'switch-off' || what === 'switch-on') return turnDialling(parts)(what === 'switch-on', 'admin-token');
  const lead = [...world.stores.memory.leads.values()].at(which % Math.max(1, world.stores.memory.leads.size));
  if (!lead) return;
  const attempts = [...world.stores.memory.attempts.values()].filter(({ leadId }) => leadId === lead.leadId);
  const attemptId = attempts.at(-1)?.attemptId ?? '';
  switch (what) {
    case 'retry': return retryLead(parts)(lead.leadId);
    case 'cancel': return cancelAttempt(parts)(attemptId);
    case 'move': return rescheduleAttempt(parts)(attemptId, new Date(world.clock.now().getTime() + (which + 1) * 120_000).toISOString());
    case 'suppress': return suppressNumber(parts)({ phone: lead.phone, reason: 'console', at: world.clock.iso(), note: null }, lead.leadId);
    case 'unsuppress': return parts.suppressions.unsuppress(lead.phone);
    case 'erase': return eraseLead(parts)(lead.leadId);
  }
};
