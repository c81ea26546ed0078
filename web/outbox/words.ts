// Called by the outbox page: states and answers as people say them. Pure.
import type { Delivery, Message, MessageState } from './api.ts';

export const messageStates: readonly MessageState[] = ['pending', 'held', 'delivered', 'dead'];

const tones: Readonly<Record<MessageState, string>> = { pending: 'busy', held: 'wait', delivered: 'good', dead: 'bad' };
export const toneOfState = (state: MessageState): string => tones[state];

/** How a receiver behaves, for the choice; what it does not know is shown as it is. */
export const mannerInWords = (manner: string): string => ({
  ok: 'well (200)', 500: 'with an error (500)', 410: 'as gone for good (410)', 429: 'as too busy (429)', redirect: 'with a redirect (302)', slow: 'too slowly (12 s)',
} as Record<string, string>)[manner] ?? manner;

export const triesInWords = ({ tries, replays }: Pick<Message, 'tries' | 'replays'>): string =>
  `${tries === 0 ? 'not tried yet' : tries === 1 ? '1 try' : `${tries} tries`}${replays === 0 ? '' : replays === 1 ? ', replayed once' : `, replayed ${replays} times`}`;

export const deliveryInWords = ({ fault, repeated, answered }: Delivery): string =>
  `${fault === null ? 'signature right' : `refused: ${fault}`}${repeated ? ', had before' : ''}${answered === 0 ? '' : `, answered ${answered}`}`;
