// `npm start`: all of Ringback on one machine. Starts the database, the phone network, the relay and the gateway with the real handlers.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadEnvFile } from 'node:process';
import type { CarrierName } from '#calls/lead.ts';
import { configuredCarriers, publicStream, readEnv, retiredIn, type Env } from '#house/env.ts';
import { jsonLog } from '#house/log.ts';
import { callsTable, sessionsTable, TTL_ATTRIBUTE } from '#store/table.ts';
import { startDatabase } from '#local/database/database.ts';
import { createTables } from '#local/database/tables.ts';
import { banner } from '#local/desk/banner.ts';
import { keepsakes } from '#local/desk/keepsakes.ts';
import { lineLog } from '#local/desk/log-file.ts';
import { startGateway } from '#local/gateway/server.ts';
import { portTaken } from '#local/gateway/port.ts';
import { freePort } from '#local/process/free-port.ts';
import { dieWithParent } from '#local/process/parent.ts';
import { spawnPart, type Part } from '#local/process/part.ts';
import { stopOnSignals } from '#local/process/signals.ts';
import { buildSite } from '../web/build.ts';
import { hostFunctions } from './local-functions.ts';
import { mustBeFree } from './local-ports.ts';
import { chooseServices } from './local-services.ts';

const root = join(import.meta.dirname, '..');
const began = performance.now();

/** Stops what was started, the latest first; runs to its end whatever throws. */
const running: { name: string; stop: () => Promise<void> }[] = [];
const stopAll = async (): Promise<void> => {
  const failures: unknown[] = [];
  for (const part of running.toReversed()) await part.stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
};
const { stopNow } = stopOnSignals(async (reason) => {
  process.stdout.write(`\n${reason === 'SIGINT' ? 'Stopping …' : `Stopping (${reason}) …`}\n`);
  await stopAll();
});
dieWithParent(stopAll);

const start = async (): Promise<void> => {
  if (existsSync(join(root, '.env'))) loadEnvFile(join(root, '.env'));
  for (const line of retiredIn(process.env)) process.stdout.write(`Note: ${line}\n`);
  const given = readEnv({ ...process.env, STAGE: process.env['STAGE'] || 'local' });
  const directory = resolve(root, given.RINGBACK_DATA_DIR);
  mkdirSync(directory, { recursive: true });
  const made = keepsakes(directory);
  const port = given.PORT === 0 ? await freePort() : given.PORT;
  const relayPort = given.RELAY_PORT === 0 ? await freePort() : given.RELAY_PORT;
  await mustBeFree(port, 'PORT');
  await mustBeFree(relayPort, 'RELAY_PORT');

  const base = `http://127.0.0.1:${port}`;
  const { env: services, network } = chooseServices({ ...given, PORT: port, RELAY_PORT: relayPort }, process.env, made, base);
  // Then RELAY_PORT, where carriers connect, is the API Gateway stand-in's, and the relays are behind it.
  const throughGateway = given.MEDIA_INGRESS === 'apigateway';
  const env: Env = {
    ...services,
    ...(throughGateway ? { PUBLIC_STREAM_URL: given.PUBLIC_STREAM_URL ?? `ws://127.0.0.1:${relayPort}/local` } : {}),
    ADMIN_TOKEN: given.ADMIN_TOKEN ?? made.adminToken, STREAM_TICKET_SECRET: given.STREAM_TICKET_SECRET ?? made.ticketSecret,
    POLICY_FILE: given.POLICY_FILE ?? join(root, 'local', 'desk', 'policy.json'),
  };

  const logFile = join(directory, 'ringback.log');
  const lines = lineLog(logFile);
  running.push({ name: 'log', stop: lines.stop });
  const log = jsonLog(lines.write, env.LOG_LEVEL);
  const site = join(directory, 'site');
  const simulatedCarriers = configuredCarriers(env).every((name) => network[name] !== undefined);
  const turnstileSiteKey = env.TURNSTILE_SITE_KEY;
  const print = lines.pass;
  const startNetwork = async (): Promise<Part | undefined> => {
    if (Object.keys(network).length === 0) return undefined;
    const part = await spawnPart({ name: 'network', args: [join(root, 'local', 'desk', 'network.ts')], env: { ...process.env, NETWORK_OPTIONS: JSON.stringify(network) }, print });
    running.push(part);
    part.died.catch((error: Error) => stopNow(error.message));
    return part;
  };
  const startData = async (): Promise<{ endpoint: string; started: boolean }> => {
    const database = await startDatabase({ directory: join(directory, 'database'), endpoint: env.DYNAMODB_ENDPOINT });
    running.push({ name: 'database', stop: database.stop });
    database.died.catch((error: Error) => stopNow(error.message));
    const client = new DynamoDBClient({ endpoint: database.endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
    await createTables(client, [
      { table: { ...callsTable(env.CALLS_TABLE), TableName: env.CALLS_TABLE }, timeToLive: TTL_ATTRIBUTE },
      { table: { ...sessionsTable(env.SESSIONS_TABLE), TableName: env.SESSIONS_TABLE }, timeToLive: TTL_ATTRIBUTE },
    ]);
    client.destroy();
    return database;
  };
  const [database, phones] = await Promise.all([startData(), startNetwork(), buildSite(site, { simulated: simulatedCarriers, ...(turnstileSiteKey ? { turnstileSiteKey } : {}) })]);
  env.DYNAMODB_ENDPOINT = database.endpoint;
  if (network.twilio) env.TWILIO_API_BASE_URL = String(phones!.details['twilio']);
  if (network.exotel) env.EXOTEL_API_BASE_URL = String(phones!.details['exotel']);
  if (network.elevenLabs) env.ELEVENLABS_API_BASE_URL = String(phones!.details['elevenLabs']);

  const forRelay = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]));
  const relays = new Set<Part>();
  const startRelay = async (name = 'relay', more: Record<string, string> = {}): Promise<void> => {
    const relay = await spawnPart({ name, args: [join(root, 'functions', 'relay', 'main.ts')], env: { ...process.env, ...forRelay, ...more }, print });
    relays.add(relay);
    relay.died.catch((error: Error) => {
      // As ECS would: another one takes its place, and calls that it carried come back by the document that the carrier fetches.
      log.error('the relay died and is started again', { error });
      relays.delete(relay);
      startRelay(name, more).catch((again: unknown) => stopNow(`the relay could not be started again: ${again instanceof Error ? again.message : String(again)}`));
    });
  };
  const functions = hostFunctions(env, log, { directory, outboxSecret: env.OUTBOX_SECRET ?? made.outboxSecret });
  running.push({ name: 'functions', stop: functions.stop });
  // All at once: one that goes before the others would hand its calls to them.
  running.push({ name: 'relays', stop: async () => void await Promise.all([...relays].map((relay) => relay.stop())) });
  // The gateway last: whoever gets an answer from /health finds everything behind it.
  if (throughGateway) {
    const ports = await Promise.all(Array.from({ length: env.RELAY_TASKS }, () => freePort()));
    const options = { port: relayPort, relays: ports.map((free) => `http://127.0.0.1:${free}`) };
    const socket = await spawnPart({ name: 'media', args: [join(root, 'local', 'gateway-socket', 'main.ts')], env: { ...process.env, GATEWAY_SOCKET_OPTIONS: JSON.stringify(options) }, print });
    running.push(socket);
    socket.died.catch((error: Error) => stopNow(error.message));
    // Their way back is to the stand-in itself, whatever address carriers have for it.
    await Promise.all(ports.map((free, i) => startRelay(`relay ${i + 1}`, { RELAY_PORT: String(free), RELAY_ADDRESS: `127.0.0.1:${free}`, PUBLIC_STREAM_URL: String(socket.details['url']) })));
  } else await startRelay();
  const gateway = await startGateway({ port, routes: functions.routes, site: { directory: site, captcha: Boolean(turnstileSiteKey) }, log: ({ level, message, ...fields }) => log[level](message, fields), portVariable: 'PORT' });
  running.push({ name: 'gateway', stop: gateway.stop });
  await functions.begin();
  const uses = (name: CarrierName): boolean => configuredCarriers(env).includes(name);
  process.stdout.write(banner({
    base, relay: publicStream(env), database,
    twilio: uses('twilio') ? { url: env.TWILIO_API_BASE_URL, simulated: network.twilio !== undefined } : undefined,
    exotel: uses('exotel') ? { url: env.EXOTEL_API_BASE_URL, simulated: network.exotel !== undefined } : undefined,
    agent: { url: env.ELEVENLABS_API_BASE_URL, simulated: network.elevenLabs !== undefined }, adminToken: env.ADMIN_TOKEN!, directory, logFile, readyMs: performance.now() - began,
  }));
};

start().catch(async (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? portTaken(error, 'PORT').message : String(error)}\n`);
  await stopAll().catch(() => {});
  process.exit(1);
});
