/** The door for WebSockets at the simulated ElevenLabs: finds the agent, checks the right to talk with it, opens a conversation. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { viewOf } from './agents.ts';
import { unauthorised, unknownAgent } from './errors.ts';
import { newConversation, newConversationId, type Conversation } from './record.ts';
import type { Account } from './account.ts';

/** The conversation that this socket may have; undefined (and the socket closed with 3000) when it may not. */
export const admit = (socket: WebSocket, request: IncomingMessage, account: Account): Conversation | undefined => {
  const query = new URL(request.url ?? '/', 'ws://local').searchParams;
  const agentId = query.get('agent_id') ?? '';
  const stored = account.agents.get(agentId);
  if (!stored) {
    socket.close(unknownAgent.code, unknownAgent.reason);
    return undefined;
  }
  const signature = query.get('conversation_signature');
  const open = (id: string, how: Conversation['authorisation']): Conversation => {
    const conversation = newConversation(id, agentId, how);
    account.conversations.set(id, conversation);
    return conversation;
  };
  if (signature !== null) {
    const good = account.signed.redeem(agentId, signature);
    if (good) return open(good.conversationId ?? newConversationId(), 'signed_url');
  } else if (request.headers['xi-api-key'] === account.apiKey) return open(newConversationId(), 'authorization_header');
  else if (!viewOf(agentId, stored).enableAuth) return open(newConversationId(), 'public');
  socket.close(unauthorised.code, unauthorised.reason);
  return undefined;
};
