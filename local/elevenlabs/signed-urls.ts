/** The addresses that REST hands out and the socket takes back: good for 15 minutes to start, or once when they hold a conversation's id. */
import { randomBytes } from 'node:crypto';

const GOOD_FOR_MS = 15 * 60_000;

export type SignedUrls = {
  mint(agentId: string, conversationId?: string): string;
  /** The conversation's id when the signature named one; undefined when it is not good (any more). */
  redeem(agentId: string, signature: string): { conversationId: string | undefined } | undefined;
};

/** `base()` is the socket's address, ws://host:port; it is known once the server listens. */
export const signedUrls = (base: () => string, now: () => number = Date.now): SignedUrls => {
  const minted = new Map<string, { agentId: string; conversationId: string | undefined; untilMs: number }>();
  return {
    mint: (agentId, conversationId) => {
      const signature = `cvtkn_${randomBytes(16).toString('hex')}`;
      minted.set(signature, { agentId, conversationId, untilMs: now() + GOOD_FOR_MS });
      const query = new URLSearchParams({ agent_id: agentId, ...(conversationId !== undefined && { conversation_id: conversationId }), conversation_signature: signature });
      return `${base()}/v1/convai/conversation?${query.toString()}`;
    },
    redeem: (agentId, signature) => {
      const found = minted.get(signature);
      if (!found || found.agentId !== agentId) return undefined;
      const expired = now() > found.untilMs;
      if (expired || found.conversationId !== undefined) minted.delete(signature);
      return expired ? undefined : { conversationId: found.conversationId };
    },
  };
};
