// The outbox's part of /api: which outcomes wait, went or were given up, and sending one again. Called by api.ts, which has checked who asks.
import { VisibleError } from '#calls/errors.ts';
import { messageStates, type MessageState, type OutboxMessage } from '#outbox/message.ts';
import type { OutboxQueue, OutboxStore } from '#outbox/ports.ts';
import { replay } from '#outbox/replay.ts';
import type { Clock } from '#calls/ports.ts';
import { json, type HttpAnswer, type HttpRequest } from '#house/http.ts';

export interface OutboxApiDeps {
  outbox: OutboxStore;
  outboxQueue: OutboxQueue;
  clock: Clock;
}

type Story = (deps: OutboxApiDeps, request: HttpRequest, id: string) => Promise<HttpAnswer>;
type Page = { limit: number; cursor?: string };

const messageView = ({ revision: _revision, ...message }: OutboxMessage) => message;

const list = (page: (request: HttpRequest) => Page): Story => async (deps, request) => {
  const state = request.query.get('state') || undefined;
  if (state !== undefined && !(messageStates as readonly string[]).includes(state)) {
    throw new VisibleError('invalid', 'state-invalid', `state must be one of ${messageStates.join(', ')}.`, { fields: [{ field: 'state', message: `must be one of ${messageStates.join(', ')}` }] });
  }
  const { messages, cursor } = await deps.outbox.list({ ...page(request), ...(state ? { state: state as MessageState } : {}) });
  return json(200, { messages: messages.map(messageView), cursor });
};

const again: Story = async (deps, _request, id) => json(202, messageView(await replay(deps)(id)));

/** Rows for the table of api.ts. `page` reads limit and cursor as its other lists do. */
export const outboxRoutes = (page: (request: HttpRequest) => Page): { method: string; path: RegExp; story: Story }[] => [
  { method: 'GET', path: /^\/api\/outbox$/, story: list(page) },
  { method: 'POST', path: /^\/api\/outbox\/([^/]{1,64})\/replay$/, story: again },
];
