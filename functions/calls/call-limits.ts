// How long a call may last: what the carrier is told, which cuts without a word, and when we say goodbye before that. Used by dial-attempt.ts and the relay.
import type { Policy } from './policy.ts';

/** For the goodbye. */
const GOODBYE_SECONDS = 15;

/** The whole call, s. `mayTransfer`: a person may take it over from the agent and talk on. */
export const carrierLimitSeconds = ({ limitSeconds, transfer }: Pick<Policy, 'limitSeconds' | 'transfer'>, mayTransfer: boolean): number => limitSeconds + (mayTransfer ? transfer.seconds : 0);

/** The talk with the agent in a call that we placed, s from the answer. Whether a carrier counts the ringing in is not said by either; a very short limit is halved. */
export const talkLimitSeconds = ({ limitSeconds, ringSeconds }: Pick<Policy, 'limitSeconds' | 'ringSeconds'>): number =>
  limitSeconds - Math.min(GOODBYE_SECONDS + ringSeconds, Math.floor(limitSeconds / 2));
