// What the agent is told about the call when the conversation opens. Called by the bridge, and by ringing.ts.
import type { Opening } from '#agent/codec.ts';
import type { OpeningVariable } from '#agent/variables.ts';
import { attemptOfCall } from '#calls/lead.ts';
import type { BridgedCall } from './ports.ts';

/** A lead that the store does not give within this is talked with by no name: silence would be worse. */
const LEAD_MS = 1500;

/** Every variable is a string and always there: one that a prompt names and we leave out would end the conversation. */
export const openingFor = async ({ callId, call, lead, voiceId }: Pick<BridgedCall, 'callId' | 'call' | 'lead' | 'voiceId'>, firstMessage: string | null): Promise<Opening> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LEAD_MS);
  });
  const known = await Promise.race([lead, tooLate]);
  clearTimeout(timer);
  return {
    voiceId, firstMessage,
    variables: {
      lead_name: known?.name ?? '',
      interest: known?.interest ?? '',
      lead_id: known?.leadId ?? call?.leadId ?? '',
      attempt_id: call?.attemptId ?? attemptOfCall(callId) ?? '',
      call_id: callId,
      call_sid: call?.callSid ?? '',
      called_number: call?.to ?? '',
      caller_number: call?.from ?? '',
      // Agents are made with these very names (npm run agent:push): one more here is one more there.
    } satisfies Record<OpeningVariable, string>,
  };
};
