// Contender: the relay as it is deployed, with everything that it checks and keeps, but for its database, which is in memory. Composed like
// functions/relay/compose.ts.
import { openConversation } from '#agent/conversation.ts';
import { standardTools } from '#agent/tools.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { memoryConnections } from '#doubles/memory-connections.ts';
import { steadyMs, systemClock } from '#house/clock.ts';
import { stdoutLog } from '#house/log.ts';
import { gatewayPosts, managementClient } from '#relay/gateway-posts.ts';
import { signedPosts } from '#relay/signed-posts.ts';
import { metrics } from '#relay/metrics.ts';
import { relayDefaults } from '#relay/options.ts';
import { loadSentences } from '#relay/sentences.ts';
import { startRelay } from '#relay/server.ts';
import { SECRET } from './carriers.ts';
import { agentPort, serve } from './child.ts';
import { memoryCalls } from './memory.ts';

const MOST_CALLS = 5000;
/** Where posts go when calls come through API Gateway. */
const postsTo = process.env['POSTS_TO'];
const postsBy = (endpoint: string) => {
  const client = managementClient(endpoint, true);
  return process.env['POSTS_BY'] === 'sdk' ? gatewayPosts(client) : signedPosts(client, endpoint, { now: () => systemClock.now(), ms: steadyMs });
};
const counted = metrics();
const agent = { baseUrl: `http://127.0.0.1:${agentPort}`, agentId: 'bench', apiKey: 'key' };

const relay = await startRelay({
  ...memoryCalls(),
  openAgent: (opening, handlers) => openConversation(agent, opening, handlers),
  tools: standardTools, sentences: loadSentences(), ticketSecret: SECRET, accounts: { twilio: 'AC1' }, codecs: { default: twilioCodec, '/twilio': twilioCodec },
  gateway: postsTo === undefined ? undefined : { connections: memoryConnections().store, posts: postsBy(postsTo) },
  clock: systemClock, ms: steadyMs, log: stdoutLog('error'), metrics: counted,
  options: { ...relayDefaults, capacity: MOST_CALLS, mostPending: MOST_CALLS, agentChunkMs: Number(process.env['AGENT_CHUNK_MS'] ?? relayDefaults.agentChunkMs) },
}, { port: 0, host: '127.0.0.1', acceptors: process.platform === 'linux' ? 16 : 1 });

serve(relay.port, () => ({
  active: relay.active(), callerDropped: counted.value('caller_audio_dropped'), agentDropped: counted.value('agent_audio_dropped'), gaps: counted.value('gap_frames') + counted.value('sequence_gaps'),
  posts: counted.value('posts'), postsFailed: counted.value('posts_failed') + counted.value('posts_busy'),
}));
