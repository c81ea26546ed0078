// Chooses the concrete things that the relay works with: stores, agent, carriers, numbers from the environment. Used by main.ts.
import { openConversation } from '#agent/conversation.ts';
import { standardTools } from '#agent/tools.ts';
import { recordEvent } from '#calls/record-event.ts';
import type { Carrier, DialSchedule } from '#calls/ports.ts';
import type { CarrierName } from '#calls/lead.ts';
import { twilioCarrier } from '#carriers/twilio/client.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { systemClock } from '#house/clock.ts';
import { publicBase, type Env } from '#house/env.ts';
import type { Log } from '#house/log.ts';
import { dynamoStores } from '#store/dynamo-stores.ts';
import { eventBridgeSchedule } from '#store/sqs-dial-queue.ts';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { metrics } from './metrics.ts';
import { relayDefaults } from './options.ts';
import { loadSentences } from './sentences.ts';
import type { RelayDeps } from './server.ts';

/** A variable without which no call can be carried. Throws an Error that names it. */
const need = <K extends keyof Env>(env: Env, name: K): NonNullable<Env[K]> => {
  const value = env[name];
  if (value === undefined || value === null) throw new Error(`${name} is not set; without it the relay cannot work`);
  return value;
};

/** On one machine nothing has to be unscheduled: a cancelled attempt that falls due is left alone by the dialer. */
const nothingScheduled: DialSchedule = { at: async () => {}, cancel: async () => {} };

const scheduleOf = (env: Env): DialSchedule =>
  env.DIAL_SCHEDULE_GROUP && env.DIAL_QUEUE_ARN && env.DIAL_SCHEDULE_ROLE_ARN
    ? eventBridgeSchedule(new SchedulerClient({}), { group: env.DIAL_SCHEDULE_GROUP, queueArn: env.DIAL_QUEUE_ARN, roleArn: env.DIAL_SCHEDULE_ROLE_ARN })
    : nothingScheduled;

const carriersOf = (env: Env): Partial<Record<CarrierName, Carrier>> => (env.TWILIO_ACCOUNT_SID && env.TWILIO_AUTH_TOKEN && env.TWILIO_PHONE_NUMBER
  ? { twilio: twilioCarrier({
      publicBase: publicBase(env), callFlowUrl: env.TWILIO_CALL_FLOW_URL, webhookUrl: env.TWILIO_WEBHOOK_URL, apiBase: env.TWILIO_API_BASE_URL,
      accountSid: env.TWILIO_ACCOUNT_SID, authToken: env.TWILIO_AUTH_TOKEN, from: env.TWILIO_PHONE_NUMBER, recordCalls: env.TWILIO_RECORD_CALLS,
    }) }
  : {});

/** ECS gives a stopping task 120 s; on one machine somebody waits at the keyboard. */
const drainMs = (env: Env): number => (env.STAGE === 'local' ? 2000 : 100_000);

/** Throws when a variable or a recorded sentence is missing. */
export const relayDeps = (env: Env, log: Log): RelayDeps => {
  const stores = dynamoStores({ endpoint: env.DYNAMODB_ENDPOINT, callsTable: env.CALLS_TABLE, sessionsTable: env.SESSIONS_TABLE, clock: systemClock, intervalMs: () => 1000 });
  const carriers = carriersOf(env);
  const agent = { baseUrl: env.ELEVENLABS_API_BASE_URL, agentId: need(env, 'ELEVENLABS_AGENT_ID'), apiKey: env.ELEVENLABS_API_KEY };
  return {
    calls: stores.calls, leads: stores.leads, tickets: stores.tickets,
    putTurn: (callId, turn) => stores.calls.putTurn(callId, turn),
    record: recordEvent({ ...stores, schedule: scheduleOf(env), clock: systemClock }),
    hangUp: async (carrier, callSid) => carriers[carrier]?.hangUp(callSid),
    openAgent: (opening, handlers) => openConversation(agent, opening, handlers),
    tools: standardTools,
    sentences: loadSentences(),
    ticketSecret: need(env, 'STREAM_TICKET_SECRET'),
    accountSid: env.TWILIO_ACCOUNT_SID,
    codecs: { default: twilioCodec },
    clock: systemClock,
    ms: () => performance.now(),
    log, metrics: metrics(),
    options: { ...relayDefaults, capacity: env.RELAY_CAPACITY, mostPending: 2 * env.RELAY_CAPACITY, agentChunkMs: env.AGENT_CHUNK_MS, callLimitMs: env.CALL_LIMIT_SECONDS * 1000, drainMs: drainMs(env) },
  };
};
