/** The one workspace of the simulated ElevenLabs: what REST, the sockets and the inspection pages share. */
import type { Agents } from './agents.ts';
import type { ClientTools } from './client-tools.ts';
import type { JsonObject } from './json.ts';
import type { Places } from './queue.ts';
import type { Conversation } from './record.ts';
import type { SignedUrls } from './signed-urls.ts';

export type Account = {
  apiKey: string;
  agents: Agents;
  tools: ClientTools;
  conversations: Map<string, Conversation>;
  signed: SignedUrls;
  places: Places;
  /** Body of `GET /v1/user/subscription`. */
  subscription: JsonObject;
};

/** A Creator's plan with nothing used. */
export const SUBSCRIPTION: JsonObject = {
  tier: 'creator', status: 'active', billing_period: 'monthly_period',
  character_count: 0, character_limit: 100_000, next_character_count_reset_unix: 0,
  voice_slots_used: 0, professional_voice_slots_used: 0, voice_limit: 30, professional_voice_limit: 1, can_extend_voice_limit: false,
  max_voice_add_edits: 95, voice_add_edit_counter: 0,
  can_use_instant_voice_cloning: true, can_use_professional_voice_cloning: true,
};
