// How long a call may last: what the carrier is told, which cuts without a word, and when we say goodbye before that. Used by dial-attempt.ts and the relay.
import type { Policy } from './policy.ts';

type Limits = Pick<Policy, 'limitSeconds' | 'transferSeconds'>;

/** From the goodbye to the cut: the sentence itself, and the ring of a phone that a carrier may count in. */
const GOODBYE_SECONDS = 30;

/** The whole call, s. `mayTransfer`: a person may take it over from the agent and talk on. */
export const carrierLimitSeconds = ({ limitSeconds, transferSeconds }: Limits, mayTransfer: boolean): number => limitSeconds + (mayTransfer ? transferSeconds : 0);

/** The talk with the agent in a call that we placed, s; a very short limit is halved. */
export const talkLimitSeconds = ({ limitSeconds }: Limits): number => limitSeconds - Math.min(GOODBYE_SECONDS, Math.floor(limitSeconds / 2));
