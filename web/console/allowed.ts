// Called by the lead's view: which of the deeds the server would allow, as far as the page can know; a button stands only for those. Pure.
import type { AttemptState, CallView, Lead } from '../api.ts';
import { isLive } from './words.ts';

const underWay: readonly AttemptState[] = ['ready', 'dialling', 'unknown'];

/** The relay, too, has said how a talk ended, or there was none. */
const isOver = ({ status, endReason, answeredAt }: CallView): boolean => !isLive(status) && (endReason !== null || answeredAt === null);

/** Another attempt can be asked for: none is under way, and nothing says that they want no call (functions/calls/retry-lead.ts). */
export const mayRetry = ({ attempts, calls, timeline, suppression }: Lead): boolean =>
  !suppression && !attempts.some(({ state, callId }) => underWay.includes(state) || (state === 'placed' && callId === null))
  && calls.every(isOver) && !timeline.some(({ event }) => event === 'opted-out');

export const mayMove = (state: AttemptState): boolean => state === 'scheduled';
export const mayCancel = (state: AttemptState): boolean => state === 'scheduled' || state === 'ready';
