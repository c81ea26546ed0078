// Called by the outbox page: its part of the HTTP contract, and what the receiver of a local stack answers.
import type { MessageState, OutboxMessage } from '#outbox/message.ts';
import { ask, type Outcome } from '../api.ts';

export type { MessageState };
export type Message = Omit<OutboxMessage, 'revision'>;
export interface MessagePage { messages: Message[]; cursor: string | null }

/** What a local stack's own receiver got (local/desk/outbox-receiver.ts); elsewhere there is none. */
export interface Delivery { at: string; id: string | null; fault: string | null; repeated: boolean; answered: number; outcome: unknown }
export interface Receiver { manner: string; manners: string[]; deliveries: Delivery[] }

export const outboxApi = (token: string) => {
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` };
  const given = (signal: AbortSignal | undefined): RequestInit => (signal ? { headers, signal } : { headers });
  return {
    messages: ({ state, cursor }: { state: string; cursor: string | null }, signal?: AbortSignal): Promise<Outcome<MessagePage>> => {
      const query = new URLSearchParams({ ...(state && { state }), ...(cursor && { cursor }) }).toString();
      return ask(query ? `/api/outbox?${query}` : '/api/outbox', given(signal));
    },
    replay: (id: string): Promise<Outcome<Message>> => ask(`/api/outbox/${encodeURIComponent(id)}/replay`, { method: 'POST', headers }),
    receiver: (signal?: AbortSignal): Promise<Outcome<Receiver>> => ask('/outbox-receiver', given(signal)),
    behave: (manner: string): Promise<Outcome<Receiver>> => ask(`/outbox-receiver/manner/${encodeURIComponent(manner)}`, { method: 'PUT', headers }),
  };
};
export type OutboxApi = ReturnType<typeof outboxApi>;
