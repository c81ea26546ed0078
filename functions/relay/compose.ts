// Chooses the concrete things that the relay works with: stores, agent, carriers, numbers from the environment. Used by main.ts.
import { openConversation } from '#agent/conversation.ts';
import { readyAddresses } from '#agent/ready-address.ts';
import { standardTools } from '#agent/tools.ts';
import { askCallback } from '#calls/ask-callback.ts';
import { talkLimitSeconds } from '#calls/call-limits.ts';
import type { CarrierName } from '#calls/lead.ts';
import { peopleThere } from '#calls/people-there.ts';
import type { Clock, DialSchedule } from '#calls/ports.ts';
import { recordEvent } from '#calls/record-event.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { baseOf, need, planOf } from '#compose/base.ts';
import { accountsOf, carriersOf, codecs } from '#compose/carriers.ts';
import { scheduleOf } from '#compose/queue.ts';
import { canTransfer } from '#compose/transfers.ts';
import { publicStream, type Env } from '#house/env.ts';
import { steadyMs, systemClock } from '#house/clock.ts';
import type { Log } from '#house/log.ts';
import { connect, type Tables } from '#store/client.ts';
import { dynamoConnectionStore } from '#store/dynamo-connection-store.ts';
import { dynamoRingingStore } from '#store/dynamo-ringing-store.ts';
import type { EverydayStores } from '#store/dynamo-stores.ts';
import { connectionsEndpoint, managementClient } from './gateway-posts.ts';
import { metrics } from './metrics.ts';
import { relayDefaults } from './options.ts';
import type { RelayIdentity } from './relay-address.ts';
import { loadSentences } from './sentences.ts';
import type { RelayDeps } from './server.ts';
import { signedPosts } from './signed-posts.ts';

/** On one machine the timer is in another process: its sweep finds attempts that are due, and the dialer leaves cancelled ones alone. */
const nothingScheduled: DialSchedule = { at: async () => {}, cancel: async () => {} };

const scheduleFor = (env: Env): DialSchedule => (env.DIAL_SCHEDULE_GROUP ? scheduleOf(env) : nothingScheduled);

/** ECS gives a stopping task 120 s; on one machine somebody waits at the keyboard. */
const drainMs = (env: Env): number => (env.STAGE === 'local' ? 2000 : 100_000);

const postsOf = (env: Env) => {
  const endpoint = connectionsEndpoint(publicStream(env));
  return signedPosts(managementClient(endpoint, env.STAGE === 'local'), endpoint, { now: () => systemClock.now(), ms: steadyMs });
};
const gatewayOf = (env: Env, identity: RelayIdentity | undefined): RelayDeps['gateway'] => ({
  connections: dynamoConnectionStore(connect({ endpoint: env.DYNAMODB_ENDPOINT, callsTable: env.CALLS_TABLE, sessionsTable: env.SESSIONS_TABLE }), systemClock),
  posts: postsOf(env),
  address: identity?.address, revision: identity?.revision,
});

/** An agent for each carrier, with addresses asked for ahead of need; both the same one unless Exotel has its own. */
const agentsOf = (env: Env, log: Log) => {
  const agent = (agentId: string) => {
    const config = { baseUrl: env.ELEVENLABS_API_BASE_URL, agentId, apiKey: env.ELEVENLABS_API_KEY };
    return { ...config, ready: readyAddresses(config, { log, ms: steadyMs }) };
  };
  const main = agent(need(env, 'ELEVENLABS_AGENT_ID'));
  return { twilio: main, exotel: env.ELEVENLABS_AGENT_ID_EXOTEL ? agent(env.ELEVENLABS_AGENT_ID_EXOTEL) : main } satisfies Record<CarrierName, typeof main>;
};

/** A conversation that came to nothing has a name and a number in it, and no record of ours names it: an erasure would not find it later. */
const UNUSED_GOES_MS = 300_000;

const ringsOf = (env: Env, tables: Tables, { forgets }: Pick<EverydayStores, 'forgets'>, clock: Clock): RelayDeps['rings'] => ({
  store: dynamoRingingStore(tables, clock),
  ...(env.ELEVENLABS_API_KEY ? {
    forget: (id) => forgets.add({ service: 'elevenlabs', kind: 'conversation', id }, new Date(clock.now().getTime() + UNUSED_GOES_MS).toISOString()),
  } : {}),
});

/** Throws when a variable or a recorded sentence is missing. */
export const relayDeps = (env: Env, log: Log, identity?: RelayIdentity): RelayDeps => {
  const { stores, tables, clock } = baseOf(env, log);
  const carriers = carriersOf(env);
  const settling = { ...stores, clock, ...planOf(env), schedule: scheduleFor(env) };
  const agents = agentsOf(env, log);
  return {
    calls: stores.calls, leads: stores.leads, suppressions: stores.suppressions, tickets: stores.tickets,
    putTurn: (callId, turn) => stores.calls.putTurn(callId, turn),
    record: recordEvent(settling),
    askCallback: askCallback(settling),
    hangUp: async (carrier, callSid) => carriers[carrier]?.hangUp(callSid),
    openAgent: (opening, handlers, carrier) => openConversation(agents[carrier], opening, handlers),
    rings: env.AGENT_OPENS === 'ringing' ? ringsOf(env, tables, stores, clock) : undefined,
    release: () => {
      for (const { ready } of Object.values(agents)) ready.stop();
    },
    tools: standardTools,
    canTransfer: canTransfer(env),
    peopleThere: (now) => peopleThere(settling.policy, now),
    sentences: loadSentences(),
    ticketSecret: need(env, 'STREAM_TICKET_SECRET'),
    accounts: accountsOf(env),
    codecs: { default: twilioCodec, ...codecs() },
    gateway: env.MEDIA_INGRESS === 'apigateway' ? gatewayOf(env, identity) : undefined,
    clock,
    ms: steadyMs,
    log, metrics: metrics(),
    options: { ...relayDefaults, capacity: env.RELAY_CAPACITY, mostPending: 2 * env.RELAY_CAPACITY, agentChunkMs: env.AGENT_CHUNK_MS, callLimitMs: env.CALL_LIMIT_SECONDS * 1000, dialledLimitMs: talkLimitSeconds(settling.policy) * 1000, drainMs: drainMs(env), ...(env.STAGE === 'local' ? { handOverGraceMs: 1000 } : {}), resumeMessage: env.RESUME_MESSAGE ?? relayDefaults.resumeMessage, nobodyFreeMessage: env.NOBODY_FREE_MESSAGE ?? relayDefaults.nobodyFreeMessage },
  };
};
