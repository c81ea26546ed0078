/** REST routes of conversations at the simulated ElevenLabs: signed addresses, one conversation, the list; and the subscription. */
import { agentNotFound, conversationNotFound, fieldRequired } from './errors.ts';
import { conversationBody, conversationRow, newConversationId } from './record.ts';
import { pageOf, type Route } from './rest.ts';

const ONE = /^\/v1\/convai\/conversations\/(?<id>[^/]+)$/u;

export const conversationRoutes: readonly Route[] = [
  {
    // Both spellings are in use; the one with hyphens is the newer.
    method: 'GET', path: /^\/v1\/convai\/conversation\/get[-_]signed[-_]url$/u,
    handle: ({ query }, { agents, signed }) => {
      const agentId = query.get('agent_id');
      if (agentId === null || agentId === '') return fieldRequired('query', 'agent_id');
      if (!agents.get(agentId)) return agentNotFound(agentId);
      const once = query.get('include_conversation_id') === 'true';
      return { status: 200, body: { signed_url: once ? signed.mint(agentId, newConversationId()) : signed.mint(agentId) } };
    },
  },
  {
    method: 'GET', path: /^\/v1\/convai\/conversations$/u,
    handle: ({ query }, { conversations }) => {
      const agentId = query.get('agent_id');
      const all = [...conversations.values()].toReversed().filter((conversation) => agentId === null || conversation.agentId === agentId);
      const { items, ...page } = pageOf(query, all.map(conversationRow));
      return { status: 200, body: { conversations: items, ...page } };
    },
  },
  {
    method: 'GET', path: ONE,
    handle: ({ params: { id = '' } }, { conversations }) => {
      const conversation = conversations.get(id);
      return conversation ? { status: 200, body: conversationBody(conversation) } : conversationNotFound(id);
    },
  },
  {
    method: 'DELETE', path: ONE,
    handle: ({ params: { id = '' } }, { conversations }) => (conversations.delete(id) ? { status: 200, body: {} } : conversationNotFound(id)),
  },
  { method: 'GET', path: /^\/v1\/user\/subscription$/u, handle: (_, { subscription }) => ({ status: 200, body: subscription }) },
];
