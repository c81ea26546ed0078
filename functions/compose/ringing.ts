// How the dialer tells relays that a phone is about to ring, where they open the agent so early (AGENT_OPENS=ringing). Used by the dialer's roots.
import type { Expectations } from '#calls/ports.ts';
import { dynamoRingingStore } from '#store/dynamo-ringing-store.ts';
import type { Base } from '#compose/base.ts';

/** Undefined where the agent is opened at the answer: then nothing is written. */
export const expectationsOf = ({ env, tables, clock, log }: Pick<Base, 'env' | 'tables' | 'clock' | 'log'>): Expectations | undefined => {
  if (env.AGENT_OPENS !== 'ringing') return undefined;
  const store = dynamoRingingStore(tables, clock);
  return {
    expect: async (call) => {
      try {
        await store.expect(call);
      } catch (error) {
        log.warn('a call that rings could not be announced: its agent is opened at the answer', { callId: call.callId, error });
      }
    },
  };
};
