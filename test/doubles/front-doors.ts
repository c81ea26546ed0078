// Every HTTP function over one world, as the gateway would call them, with what was logged.
import { answerHandler } from '#handlers/answer.ts';
import { apiHandler } from '#handlers/api.ts';
import { callbacksHandler } from '#handlers/callbacks.ts';
import { dialHandler } from '#handlers/dial.ts';
import { enquireHandler } from '#handlers/enquire.ts';
import { healthHandler } from '#handlers/health.ts';
import { newInboundCallId } from '#house/ids.ts';
import { jsonLog } from '#house/log.ts';
import { BASE, TWILIO_TOKEN } from './events.ts';
import { makeWorld, type WorldOptions } from './world.ts';

export const ADMIN_TOKEN = 'an-admin-token-of-the-tests';
export const EXOTEL_SECRET = 'the secret of the Exotel tests';
export const ELEVENLABS_SECRET = 'wsec_of_the_tests';

export const openDoors = (options: WorldOptions & { stores?: object } = {}) => {
  const world = makeWorld(options);
  const lines: string[] = [];
  const log = jsonLog((line) => lines.push(line), 'debug');
  const signature = { authToken: TWILIO_TOKEN, publicBase: BASE, skip: false };
  const exotel = {
    rule: { secret: EXOTEL_SECRET, signingSecret: EXOTEL_SECRET, credentials: { key: 'exotel key', token: 'exotel token' }, skip: false },
    document: { streamUrl: (ticket: string) => `wss://media.example.com/exotel?ticket=${ticket}` },
    texts: { greeting: 'Please hold the line.', outgoing: '08047112233' },
  };
  const broken = options.stores ?? {};
  const deps = { ...world.deps, log, ...broken };
  const parts: Record<string, () => Promise<void>> = { database: async () => {} };
  return {
    world, lines, parts,
    enquire: enquireHandler({ ...world.enquiryDeps, calls: world.stores.calls, defaultCallingCode: undefined, log, ...broken }),
    answer: answerHandler({ ...world.answerDeps, ...(broken as { calls?: typeof world.stores.calls }), log, signature, document: { publicBase: BASE, streamUrl: 'wss://media.example.com/twilio' }, newCallId: newInboundCallId, exotel }),
    callbacks: callbacksHandler({ ...deps, signature, exotel: exotel.rule, elevenLabsSecret: ELEVENLABS_SECRET }),
    api: apiHandler({ ...world.stores, ...deps, forgetters: world.forgetters, outbox: world.stores.outbox, outboxQueue: { nudge: async () => {} }, adminToken: ADMIN_TOKEN }),
    dial: dialHandler(deps),
    health: healthHandler({ parts, log }),
  };
};
export type Doors = ReturnType<typeof openDoors>;
