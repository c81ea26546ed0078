/** What people and tests may look at from outside: each conversation's story, audio and end. Not part of the real interface; wants no key. */
import { wavOf } from '../speech/wav.ts';
import { notFound } from './errors.ts';
import { rateOf, samplesOf, type Format } from './formats.ts';
import type { Conversation } from './record.ts';
import type { Answer, Route } from './rest.ts';

export type Inspected = {
  id: string;
  agentId: string;
  story: Conversation['story'];
  state: Conversation['status'];
  formats: Conversation['formats'];
  authorisation: Conversation['authorisation'];
  turns: Conversation['turns'];
  disposition: Conversation['disposition'];
  /** Bytes and sha256 are of what was sent in order; stale pieces, sent on purpose after an interruption, stand apart. */
  sent: { eventId: number; pieces: number; bytes: number; sha256: string; stalePieces: number; staleBytes: number }[];
  receivedBytes: number;
  interruptions: Conversation['interruptions'];
  close: Conversation['close'] | null;
  terminationReason: string;
  webhookAnswers: Conversation['webhookAnswers'];
};

export const inspect = (conversation: Conversation): Inspected => ({
  id: conversation.id,
  agentId: conversation.agentId,
  story: conversation.story,
  state: conversation.status,
  formats: conversation.formats,
  authorisation: conversation.authorisation,
  turns: conversation.turns,
  disposition: conversation.disposition,
  sent: [...conversation.sent].map(([eventId, { hash, ...counts }]) => ({ eventId, ...counts, sha256: hash.copy().digest('hex') })),
  receivedBytes: conversation.receivedBytes,
  interruptions: conversation.interruptions,
  close: conversation.close ?? null,
  terminationReason: conversation.terminationReason,
  webhookAnswers: conversation.webhookAnswers,
});

const wavAnswer = (pieces: readonly Buffer[], format: Format): Answer => ({ status: 200, bytes: wavOf(samplesOf(Buffer.concat(pieces), format), rateOf(format)), type: 'audio/wav' });

export const networkRoutes: readonly Route[] = [
  {
    method: 'GET', path: /^\/network\/conversations$/u, open: true,
    handle: (_, { conversations }) => ({ status: 200, bytes: Buffer.from(JSON.stringify([...conversations.values()].map(inspect))), type: 'application/json' }),
  },
  {
    method: 'GET', path: /^\/network\/conversations\/(?<id>[^/]+)\/(?<side>sent|received)\.wav$/u, open: true,
    handle: ({ params: { id = '', side } }, { conversations }) => {
      const conversation = conversations.get(id);
      if (!conversation) return notFound;
      const { formats, sentAudio, receivedAudio } = conversation;
      return side === 'sent' ? wavAnswer(sentAudio, formats.output) : wavAnswer(receivedAudio, formats.input);
    },
  },
];
