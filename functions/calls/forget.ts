// Deletes at outside services what was kept there of somebody who was erased: recordings, conversations. Run by the erasure, then by the sweep.
import type { Clock, ForgetList, Forgettable } from './ports.ts';

/** Deletes one thing at its service; what is gone already is no error. Throws UpstreamError. */
export type Forgetter = (id: string) => Promise<void>;

export interface ForgetDeps {
  forgets: ForgetList;
  /** By `service#kind`; without one (no credentials, a service that cannot) the thing stays on the list. */
  forgetters: Partial<Record<string, Forgetter>>;
  clock: Clock;
  /** Tells of one that could not be deleted this time. */
  onForgetFailure: (error: unknown, item: Forgettable) => void;
}

const AGAIN_MS = 15 * 60_000;
const PAGE = 50;
const in15Minutes = (deps: ForgetDeps): string => new Date(deps.clock.now().getTime() + AGAIN_MS).toISOString();

/** Tries one that is on the list. True when it is deleted; otherwise it is tried again in a quarter of an hour. */
export const forgetOne = (deps: ForgetDeps) => async (item: Forgettable): Promise<boolean> => {
  const forgetter = deps.forgetters[`${item.service}#${item.kind}`];
  try {
    if (!forgetter) throw new Error(`nothing here can delete a ${item.kind} at ${item.service}`);
    await forgetter(item.id);
  } catch (error) {
    deps.onForgetFailure(error, item);
    await deps.forgets.add(item, in15Minutes(deps));
    return false;
  }
  await deps.forgets.done(item);
  return true;
};

/** Notes things and tries each once. Returns how many still have to be deleted. */
export const forgetNow = (deps: ForgetDeps) => async (items: Forgettable[]): Promise<number> => {
  // All are noted before the first is tried: a process that dies on the way leaves them to the sweep.
  for (const item of items) await deps.forgets.add(item, in15Minutes(deps));
  let pending = 0;
  for (const item of items) if (!(await forgetOne(deps)(item))) pending += 1;
  return pending;
};

/** The sweep: whatever is due. Returns how many were deleted. */
export const forgetDue = (deps: ForgetDeps) => async (): Promise<number> => {
  let deleted = 0;
  for (const item of await deps.forgets.due(deps.clock.now().toISOString(), PAGE)) if (await forgetOne(deps)(item)) deleted += 1;
  return deleted;
};
