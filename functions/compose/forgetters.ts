// Who deletes what was kept at an outside service of somebody who was erased, as far as there are credentials.
import { deleteConversation } from '#agent/conversations.ts';
import type { Forgetter } from '#calls/forget.ts';
import type { Carrier } from '#calls/ports.ts';
import type { Env } from '#house/env.ts';

export const forgettersOf = (env: Pick<Env, 'ELEVENLABS_API_BASE_URL' | 'ELEVENLABS_API_KEY'>, carriers: Partial<Record<string, Carrier>>): Partial<Record<string, Forgetter>> => {
  const forgetters: Partial<Record<string, Forgetter>> = {};
  for (const [name, carrier] of Object.entries(carriers)) {
    if (carrier?.deleteRecording) forgetters[`${name}#recording`] = (id) => carrier.deleteRecording!(id);
  }
  if (env.ELEVENLABS_API_KEY) forgetters['elevenlabs#conversation'] = deleteConversation({ baseUrl: env.ELEVENLABS_API_BASE_URL, apiKey: env.ELEVENLABS_API_KEY });
  return forgetters;
};
